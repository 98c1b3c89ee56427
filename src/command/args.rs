//! Arguments that many commands share.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::model::host::Host;
use crate::model::quantity::Dur;
use crate::model::{HostName, Time};

/// Which hosts: `--hosts a,b`, `--hosts all`, `--host a`.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args, Serialize, Deserialize)]
pub struct Hosts {
    /// Hosts, separated by commas; `all` means every host, this machine included.
    #[arg(long, visible_alias = "host", value_name = "NAMES", value_delimiter = ',')]
    #[serde(default)]
    pub hosts: Vec<HostPick>,
}

/// A host's name, or `all`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum HostPick {
    /// Every host.
    All,
    /// That host.
    One(HostName),
}

impl FromStr for HostPick {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "all" { Ok(Self::All) } else { text.parse().map(Self::One) }
    }
}

impl TryFrom<String> for HostPick {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<HostPick> for String {
    fn from(pick: HostPick) -> Self {
        match pick {
            HostPick::All => "all".into(),
            HostPick::One(name) => name.into(),
        }
    }
}

impl Hosts {
    /// Whether any was named.
    pub const fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// The hosts that were named, each once, in the order of the host list; `otherwise` when none
    /// was.
    ///
    /// # Errors
    /// `not_found` with the known names.
    pub async fn resolve(&self, cx: &Ctx, otherwise: &[HostName]) -> Result<Vec<Host>> {
        let known: Vec<Host> = cx.store.hosts().await?.into_iter().map(|(host, _)| host).collect();
        let mut wanted = Vec::new();
        for pick in &self.hosts {
            match pick {
                HostPick::All => return Ok(known),
                HostPick::One(name) => wanted.push(cx.store.host(name).await?.name),
            }
        }
        if self.hosts.is_empty() {
            wanted.extend_from_slice(otherwise);
        }
        Ok(known.into_iter().filter(|host| wanted.contains(&host.name)).collect())
    }
}

/// A moment: `2h` ago, `2026-11-21` (from its beginning, UTC), or RFC 3339.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Since(String);

impl FromStr for Since {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let since = Self(text.to_owned());
        since.at(Time::default()).map(|_| since)
    }
}

impl TryFrom<String> for Since {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Since> for String {
    fn from(since: Since) -> Self {
        since.0
    }
}

impl Since {
    /// The moment, seen from `now`.
    ///
    /// # Errors
    /// `usage`; never for a value that was parsed before.
    pub fn at(&self, now: Time) -> Result<Time> {
        if let Ok(Dur(ago)) = self.0.parse::<Dur>() {
            return Ok(now.plus_ms(-i64::try_from(ago.as_millis()).unwrap_or(i64::MAX)));
        }
        Time::parse(&self.0).or_else(|| Time::parse(&format!("{}T00:00:00Z", self.0))).ok_or_else(|| {
            Error::usage(format!("{:?} is no moment", self.0))
                .hint("write 2h or 7d (ago), 2026-11-21, or 2026-11-21T10:00:00Z")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_ago_dates_or_exact() {
        let now = Time::parse("2026-11-21T10:00:00Z").expect("valid");
        let at = |text: &str| text.parse::<Since>().expect(text).at(now).expect(text).to_string();
        assert_eq!(at("2h"), "2026-11-21T08:00:00.000Z");
        assert_eq!(at("2026-11-01"), "2026-11-01T00:00:00.000Z");
        assert_eq!(at("2026-11-01T05:00:00+01:00"), "2026-11-01T04:00:00.000Z");
        assert!("yesterday".parse::<Since>().is_err());
    }
}
