//! `session tmux`

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::place::{self, Place};
use super::start::Started;
use crate::command::args::Hosts;
use crate::engine::{Command, Ctx, Deadline, Done, Touch, fan, verdict};
use crate::error::{Error, Result};
use crate::live::serve::Tmux;
use crate::model::HostName;

/// List the sessions of tmux on hosts, or open one in a session of sf.
///
/// It stays tmux's: when the session of sf ends, tmux's goes on.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionTmux {
    /// The session of tmux to open; without it they are listed.
    pub open: Option<String>,
    /// Where; this machine unless named.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
}

/// A session of tmux on a host.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The host.
    pub host: HostName,
    /// The session.
    #[serde(flatten)]
    pub tmux: Tmux,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// Those that there are.
    Listed(Vec<Row>),
    /// The session that one was opened in.
    Opened(Started),
}

impl Command for SessionTmux {
    const TOUCH: Touch = Touch::Writes;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Outcome;

    async fn run(self, cx: &Ctx) -> Result<Done<Outcome>> {
        let hosts = self.hosts.resolve(cx, &[HostName::local()]).await?;
        let answers = fan(cx, &hosts, |host| async move {
            Ok(serde_json::from_value::<Vec<Tmux>>(host.call("live.tmux", json!({})).await?)?)
        });
        let (mut rows, mut failures) = (Vec::new(), Vec::new());
        for answer in answers.await {
            let host = answer.host.name;
            match answer.result {
                Ok(found) => rows.extend(found.into_iter().map(|tmux| Row { host: host.clone(), tmux })),
                Err(error) => failures.push((host.to_string(), error)),
            }
        }
        let failure = verdict(failures.iter().map(|(host, error)| (host.as_str(), error)));
        let Some(name) = self.open else { return Ok(Done::with(Outcome::Listed(rows), failure)) };
        let mut found = rows.iter().filter(|row| row.tmux.name == name);
        let (Some(row), None) = (found.next(), found.next()) else {
            let known: Vec<String> =
                rows.iter().map(|row| format!("{} on {}", row.tmux.name, row.host)).collect();
            return Err(Error::not_found(format!("not one session of tmux is called `{name}`"))
                .hint(format!("there are: {}", known.join(", "))));
        };
        let host = cx.store.host(&row.host).await?;
        // `=` means that very name, not one that begins so.
        let command = ["tmux", "attach-session", "-t", &format!("={name}")].map(str::to_owned);
        let place = Place { workdir: Some(row.tmux.workdir.clone()), ..Place::default() };
        let spec = place.spec(cx, &host, &command, cx.settings.session.size).await?;
        Ok(Outcome::Opened(place::start(cx, &host, &spec).await?.into()).into())
    }
}
