//! Arguments that several of these commands share.

use serde::{Deserialize, Serialize};

use crate::command::args::Hosts;
pub use crate::command::args::Since;
use crate::engine::Ctx;
use crate::error::Result;
use crate::model::transcript::Filter;
use crate::model::{FeatureName, ToolId};

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
