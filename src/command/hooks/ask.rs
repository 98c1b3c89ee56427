//! What the commands of this group share.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::command::args::Hosts;
use crate::engine::{Ctx, Done, fan, verdict};
use crate::error::{Code, Error, Result};
use crate::model::{HostName, ToolId};
use crate::tool::hooks::Hooks;

/// Which tools of which hosts.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct Which {
    /// Tools, separated by commas [default: those that are found].
    #[arg(long = "tool", value_name = "TOOLS", value_delimiter = ',')]
    pub tools: Vec<ToolId>,
    /// Where; this machine unless named.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
}

/// The hooks of a tool on a host.
#[derive(Clone, Debug, Serialize)]
pub struct Hooked {
    /// The host.
    pub host: HostName,
    /// What the tool there has of ours.
    #[serde(flatten)]
    pub hooks: Hooks,
}

/// Asks the hosts.
pub(super) async fn ask(cx: &Ctx, which: &Which, verb: &str) -> Result<Done<Vec<Hooked>>> {
    let hosts = which.hosts.resolve(cx, &[HostName::local()]).await?;
    let verb = if cx.options.dry_run { "list" } else { verb };
    let (method, params) = (format!("hooks.{verb}"), json!({ "tools": which.tools }));
    let answers = fan(cx, &hosts, |host| {
        let (method, params) = (method.clone(), params.clone());
        async move { Ok(serde_json::from_value::<Vec<Hooks>>(host.call(&method, params).await?)?) }
    });
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for answer in answers.await {
        let name = answer.host.name;
        match answer.result {
            Ok(tools) => {
                for hooks in tools {
                    for problem in &hooks.problems {
                        let place = format!("{name} {}", hooks.tool);
                        failures.push((place, Error::new(Code::Refused, problem.clone())));
                    }
                    rows.push(Hooked { host: name.clone(), hooks });
                }
            }
            Err(error) => failures.push((name.to_string(), error)),
        }
    }
    Ok(Done::with(rows, verdict(failures.iter().map(|(place, error)| (place.as_str(), error)))))
}
