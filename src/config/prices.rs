//! What tokens cost: `prices.toml` beside this file, the user's on top, model by model.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::{Table, Value};

use super::layers::{self, Notice};
use crate::model::message::Usage;
use crate::model::transcript::{Spend, TranscriptRow};

const BUILT_IN: &str = include_str!("prices.toml");

/// A model's price in US dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Input that is in no cache.
    pub input: f64,
    /// Output, reasoning included.
    pub output: f64,
    /// Input read from the cache; as other input unless said.
    pub cache_read: Option<f64>,
    /// Input written to the cache; as other input unless said.
    pub cache_write: Option<f64>,
}

impl Price {
    fn of(&self, usage: Usage) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "2^52 tokens are enough")]
        let cost = |tokens: u64, price: f64| tokens as f64 * price / 1e6;
        cost(usage.input, self.input)
            + cost(usage.output, self.output)
            + cost(usage.cache_read, self.cache_read.unwrap_or(self.input))
            + cost(usage.cache_write, self.cache_write.unwrap_or(self.input))
    }
}

/// A price list.
#[derive(Clone, Debug, Default)]
pub struct Prices {
    /// When the built-in prices were written down.
    pub as_of: String,
    /// What is wrong in the user's list.
    pub notices: Vec<Notice>,
    models: BTreeMap<String, Price>,
}

impl Prices {
    /// The built-in list with the user's file over it; an entry there that does not fit is left out
    /// and noted.
    pub fn load(path: &Path) -> Self {
        let mut prices = Self::default();
        prices.lay(BUILT_IN.parse().unwrap_or_default(), path);
        match layers::read(path) {
            Ok(user) => prices.lay(user.unwrap_or_default(), path),
            Err(e) => prices.note(path, "", e.message),
        }
        prices
    }

    fn lay(&mut self, table: Table, path: &Path) {
        for (key, value) in table {
            match (key.as_str(), value) {
                ("as_of", Value::String(day)) => self.as_of = day,
                ("models", Value::Table(models)) => {
                    for (name, price) in models {
                        match price.try_into() {
                            Ok(price) => {
                                self.models.insert(name.to_ascii_lowercase(), price);
                            }
                            Err(e) => self.note(path, &format!("models.{name}"), e.message().to_owned()),
                        }
                    }
                }
                (other, _) => self.note(path, other, "neither `as_of` nor `models`".to_owned()),
            }
        }
    }

    fn note(&mut self, path: &Path, key: &str, text: String) {
        self.notices.push(Notice { file: path.display().to_string(), key: key.to_owned(), text });
    }

    /// The price of a model by any of its names.
    pub fn of(&self, model: &str) -> Option<&Price> {
        let model = model.to_ascii_lowercase();
        let name = model.rsplit('/').next().unwrap_or(&model);
        let name = name.split_once('[').map_or(name, |(name, _)| name);
        let mut name = name.split_once('@').map_or(name, |(name, _)| name);
        loop {
            if let Some(price) = self.models.get(name) {
                return Some(price);
            }
            name = without_release(name)?;
        }
    }

    /// What some tokens cost; `None` when the model's price is not known.
    pub fn cost(&self, spend: &Spend) -> Option<f64> {
        if spend.usage.is_zero() {
            return Some(0.0);
        }
        Some(self.of(spend.model.as_deref()?)?.of(spend.usage))
    }

    /// Fills in what transcripts cost where their tools did not say so: `None` stays where a part
    /// of the price is not known, or nothing is known to have been used.
    pub fn fill(&self, rows: &mut [TranscriptRow]) {
        for row in rows.iter_mut().filter(|row| row.cost_usd.is_none()) {
            let spend = row.spend();
            if !spend.is_empty() {
                row.cost_usd = spend.iter().map(|s| self.cost(s)).sum();
            }
        }
    }
}

/// A name without the mark of a release at its end: `-20250929`, `-2025-08-07`, `-latest`,
/// `-preview`, `-exp`, `-06-05`, `-001`.
fn without_release(name: &str) -> Option<&str> {
    let (rest, last) = name.rsplit_once('-')?;
    let digits = |n: &[usize]| n.contains(&last.len()) && last.bytes().all(|b| b.is_ascii_digit());
    (digits(&[2, 3, 4, 8]) || matches!(last, "latest" | "preview" | "exp")).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HostName, ToolId};

    #[test]
    fn the_built_in_list_is_whole() {
        let prices = Prices::load(Path::new("/nonexistent/prices.toml"));
        assert!(prices.notices.is_empty(), "{:?}", prices.notices);
        assert!(prices.models.len() > 20 && prices.as_of.len() == 10);
        for (name, price) in &prices.models {
            assert!(price.input > 0.0 && price.output >= price.input, "{name}");
            assert!(price.cache_read.is_some_and(|read| read < price.input), "{name}");
        }
    }

    #[test]
    fn releases_and_providers_are_the_same_model_and_others_are_not() {
        let prices = Prices::load(Path::new("/nonexistent/prices.toml"));
        let same = |a: &str, b: &str| assert_eq!(prices.of(a).expect(a), prices.of(b).expect(b));
        same("claude-sonnet-4-5-20250929", "claude-sonnet-4-5");
        same("anthropic/claude-sonnet-4-5[1m]", "claude-sonnet-4-5");
        same("gpt-5-2025-08-07", "gpt-5");
        same("gemini-2.5-pro-preview-06-05", "gemini-2.5-pro");
        same("claude-3-7-sonnet@20250219", "claude-3-7-sonnet");
        for unknown in ["gpt-5-turbo", "claude-opus-9", "<synthetic>", "", "gpt"] {
            assert!(prices.of(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn the_users_prices_win_and_bad_ones_are_noted() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("prices.toml");
        let text =
            "[models]\nmine = { input = 1, output = 2 }\ngpt-5 = { input = 9.0, output = 9.0 }\nbad = 3\n";
        std::fs::write(&path, text).expect("written");
        let prices = Prices::load(&path);
        let mut row = TranscriptRow::new(
            "ses_0123456789abcdef".parse().expect("an id"),
            ToolId::Codex,
            "n",
            &HostName::local(),
        );
        row.model = Some("mine".into());
        (row.tokens_in, row.tokens_out, row.tokens_cache_read) = (1_000_000, 1_000_000, 1_000_000);
        prices.fill(std::slice::from_mut(&mut row));
        assert_eq!(row.cost_usd, Some(4.0));
        assert_eq!(prices.of("gpt-5").map(|p| p.input), Some(9.0));
        assert_eq!(prices.notices.len(), 1, "{:?}", prices.notices);
        row.cost_usd = None;
        row.model = Some("nobody-knows".into());
        prices.fill(std::slice::from_mut(&mut row));
        assert_eq!(row.cost_usd, None);
    }
}
