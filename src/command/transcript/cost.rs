//! `cost`

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::args::Which;
use crate::config::Prices;
use crate::engine::{Command, Ctx, Done, Level, Touch};
use crate::error::Result;
use crate::model::message::Usage;
use crate::model::transcript::{Filter, Sort, Spend, TranscriptRow};
use crate::model::{Time, TranscriptId};
use crate::sys::clock;

/// Show what sessions cost: as their tools say, else by the price table (`prices.toml`).
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct Cost {
    /// By what it is summed up.
    #[arg(long, value_enum, default_value = "day")]
    pub by: By,
    /// Of which transcripts; `--since` is about the use of tokens.
    #[command(flatten)]
    #[serde(flatten)]
    pub which: Which,
}

/// By what costs are summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The local day.
    #[default]
    Day,
    /// The tool.
    Tool,
    /// The model.
    Model,
    /// The feature.
    Feature,
    /// The host.
    Host,
}

/// What sessions cost.
#[derive(Debug, Serialize)]
pub struct Costs {
    by: By,
    /// When the prices of the built-in table were written down.
    prices_as_of: String,
    /// The sum of what is known.
    cost_usd: f64,
    /// Tokens whose price is not known; they are not in the sum.
    unpriced_tokens: u64,
    rows: Vec<Row>,
}

/// A part of the costs.
#[derive(Debug, Default, Serialize)]
pub struct Row {
    /// The day, tool, …; `None` where there is none.
    key: Option<String>,
    sessions: u64,
    tokens_in: u64,
    tokens_out: u64,
    tokens_cache_read: u64,
    tokens_cache_write: u64,
    /// The sum of what is known; `None` when nothing is.
    cost_usd: Option<f64>,
    unpriced_tokens: u64,
}

impl Command for Cost {
    const TOUCH: Touch = Touch::Reads;
    type Output = Costs;

    async fn run(self, cx: &Ctx) -> Result<Done<Costs>> {
        let filter = self.which.filter(cx).await?;
        let since = filter.since;
        let rows = cx.store.transcripts(Filter { ..filter }, Sort::Created, 0, 0).await?;
        let prices = Prices::load(&cx.paths.prices());
        for notice in &prices.notices {
            cx.emit.notice(Level::Warn, notice.to_string()).await;
        }
        let mut sums: BTreeMap<Option<String>, (Row, BTreeSet<TranscriptId>)> = BTreeMap::new();
        for row in &rows {
            for (spend, cost) in parts(row, &prices) {
                if since.is_some_and(|since| at(&spend).is_some_and(|at| at.plus_ms(HOUR) <= since)) {
                    continue;
                }
                let (sum, ids) = sums.entry(self.by.key(row, &spend)).or_default();
                sum.add(spend.usage, cost);
                ids.insert(row.id.clone());
            }
        }
        let mut rows: Vec<Row> = sums
            .into_iter()
            .map(|(key, (row, ids))| Row { key, sessions: ids.len() as u64, ..row })
            .collect();
        if self.by != By::Day {
            rows.sort_by(|a, b| b.cost_usd.unwrap_or(-1.0).total_cmp(&a.cost_usd.unwrap_or(-1.0)));
        }
        Ok(Costs {
            by: self.by,
            prices_as_of: prices.as_of,
            cost_usd: rows.iter().filter_map(|row| row.cost_usd).fold(0.0, |sum, cost| sum + cost),
            unpriced_tokens: rows.iter().map(|row| row.unpriced_tokens).sum(),
            rows,
        }
        .into())
    }
}

/// Milliseconds.
const HOUR: i64 = 3_600_000;

fn at(spend: &Spend) -> Option<Time> {
    spend.hour.map(|hour| Time(hour.saturating_mul(HOUR)))
}

fn tokens(usage: Usage) -> u64 {
    usage.input + usage.output + usage.cache_read + usage.cache_write
}

/// The parts of a session's use and what each cost. What the tool says of the whole goes to the parts
/// by their tokens.
fn parts(row: &TranscriptRow, prices: &Prices) -> Vec<(Spend, Option<f64>)> {
    let mut spend = row.spend();
    let Some(told) = row.cost_usd else {
        return spend
            .into_iter()
            .map(|part| (prices.cost(&part), part))
            .map(|(cost, part)| (part, cost))
            .collect();
    };
    if spend.is_empty() {
        let hour = row.updated.map(|at| at.0.div_euclid(HOUR));
        spend.push(Spend { hour, model: row.model.clone(), usage: Usage::default() });
    }
    let all = spend.iter().map(|part| tokens(part.usage)).sum::<u64>();
    let count = spend.len();
    #[expect(clippy::cast_precision_loss, reason = "2^52 tokens are enough")]
    let share = |part: &Spend| match all {
        0 => told / count as f64,
        all => told * tokens(part.usage) as f64 / all as f64,
    };
    spend.into_iter().map(|part| (Some(share(&part)), part)).map(|(cost, part)| (part, cost)).collect()
}

impl By {
    fn key(self, row: &TranscriptRow, spend: &Spend) -> Option<String> {
        match self {
            Self::Day => at(spend).map(|at| clock::local_day(at).0),
            Self::Tool => Some(row.tool.to_string()),
            Self::Model => spend.model.clone(),
            Self::Feature => row.feature.as_ref().map(ToString::to_string),
            Self::Host => Some(row.host.to_string()),
        }
    }
}

impl Row {
    fn add(&mut self, usage: Usage, cost: Option<f64>) {
        self.tokens_in += usage.input;
        self.tokens_out += usage.output;
        self.tokens_cache_read += usage.cache_read;
        self.tokens_cache_write += usage.cache_write;
        match cost {
            Some(cost) => self.cost_usd = Some(self.cost_usd.unwrap_or(0.0) + cost),
            None => self.unpriced_tokens += tokens(usage),
        }
    }
}
