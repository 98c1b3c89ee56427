//! Arguments that many commands share.

use serde::{Deserialize, Serialize};

use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::model::HostName;
use crate::model::host::Host;

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

impl std::str::FromStr for HostPick {
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
