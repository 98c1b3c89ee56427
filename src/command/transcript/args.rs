//! Arguments that several of these commands share.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::command::args::Hosts;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::model::quantity::Dur;
use crate::model::transcript::Filter;
use crate::model::{FeatureName, Time, ToolId};

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

/// Which transcripts.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct Which {
    /// Only of this tool.
    #[arg(long, value_name = "TOOL")]
    pub tool: Option<ToolId>,
    /// From which hosts.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
    /// Only of this feature.
    #[arg(long, value_name = "FEATURE")]
    pub feature: Option<FeatureName>,
    /// Only what took place in this folder or below it.
    #[arg(long, value_name = "DIR")]
    pub workdir: Option<String>,
    /// Only with messages since: `2h`, `7d`, a date or RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub since: Option<Since>,
}

impl Which {
    /// As the store takes it.
    ///
    /// # Errors
    /// `not_found` for a host that is not known.
    pub async fn filter(&self, cx: &Ctx) -> Result<Filter> {
        let hosts = self.hosts.resolve(cx, &[]).await?;
        let workdir = self.workdir.as_ref().map(|dir| {
            let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.into());
            absolute.to_string_lossy().into_owned()
        });
        Ok(Filter {
            tool: self.tool,
            hosts: hosts.into_iter().map(|host| host.name).collect(),
            feature: self.feature.clone(),
            workdir,
            since: self.since.as_ref().map(|since| since.at(cx.clock.now())).transpose()?,
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
