//! `log`

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::command::args::{Hosts, Since};
use crate::engine::{Command, Ctx, Deadline, Done, Touch, fan, verdict};
use crate::error::Result;
use crate::live::audit::Step;
use crate::model::{HostName, Time};

/// Show the audit log: who was let into which session and when, never contents.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct Log {
    /// From then on: a duration (ago), a date, or a time.
    #[arg(long, value_name = "T")]
    pub since: Option<Since>,
    /// Of which hosts; this machine unless named.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
}

/// A step on a host.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// The host.
    pub host: HostName,
    /// What happened.
    #[serde(flatten)]
    pub step: Step,
}

impl Command for Log {
    const TOUCH: Touch = Touch::Reads;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Vec<Line>;

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<Line>>> {
        let hosts = self.hosts.resolve(cx, &[HostName::local()]).await?;
        let since: Option<Time> = self.since.map(|since| since.at(cx.clock.now())).transpose()?;
        let answers = fan(cx, &hosts, |host| async move {
            let steps: Vec<Step> =
                serde_json::from_value(host.call("live.log", json!({ "since": since })).await?)?;
            Ok(steps)
        });
        let (mut lines, mut failures) = (Vec::new(), Vec::new());
        for answer in answers.await {
            match answer.result {
                Ok(steps) => {
                    lines.extend(steps.into_iter().map(|step| Line { host: answer.host.name.clone(), step }))
                }
                Err(error) => failures.push((answer.host.name.to_string(), error)),
            }
        }
        lines.sort_by_key(|line| line.step.at);
        Ok(Done::with(lines, verdict(failures.iter().map(|(host, error)| (host.as_str(), error)))))
    }
}
