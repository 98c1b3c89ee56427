//! `session start`

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use super::place::{self, Place};
use crate::command::args::Hosts;
use crate::engine::{Command, Ctx, Done, Touch};
use crate::error::{Error, Result};
use crate::model::live::{Live, LiveSpec};
use crate::model::quantity::Grid;
use crate::model::{HostName, LiveId, Name, host};

/// Start a program in a terminal that outlives every client.
///
/// Without a command it starts the tool. On several hosts, or with --count, the result is an array.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionStart {
    /// Where; this machine unless named.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
    /// In which folder, as what.
    #[command(flatten)]
    #[serde(flatten)]
    pub place: Place,
    /// Columns and rows [default: the setting `session.size`].
    #[arg(long, value_name = "CxR")]
    pub size: Option<Grid>,
    /// How many.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub count: Option<u16>,
    /// The program and its arguments, after `--`.
    #[arg(last = true, value_name = "CMD")]
    pub command: Vec<String>,
}

/// A session that was started.
#[derive(Clone, Debug, Serialize)]
pub struct Started {
    /// Its id; `null` when it was only said what would be done.
    pub id: Option<LiveId>,
    /// Its host.
    pub host: HostName,
    /// Its name.
    pub name: Option<Name>,
    /// Process id of its program.
    pub pid: Option<u32>,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Its working folder.
    pub workdir: Option<String>,
}

/// One, or several.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// The only one.
    One(Started),
    /// Each of several.
    Many(Vec<Started>),
}

impl From<Live> for Started {
    fn from(live: Live) -> Self {
        let Live { id, host, name, pid, command, workdir, .. } = live;
        Self { id: Some(id), host, name, pid, command, workdir: Some(workdir) }
    }
}

impl SessionStart {
    async fn one(&self, cx: &Ctx, host: &host::Host, number: Option<u16>) -> Result<Started> {
        let size = self.size.unwrap_or(cx.settings.session.size);
        let prompt = self.place.first_prompt(cx)?;
        let mut spec = self.place.spec(cx, host, &self.command, size).await?;
        if let (Some(name), Some(number)) = (spec.name.clone(), number) {
            spec.name = Some(format!("{name}-{number}").parse()?);
        }
        if cx.options.dry_run {
            let LiveSpec { name, command, workdir, .. } = spec;
            return Ok(Started { id: None, host: host.name.clone(), name, pid: None, command, workdir });
        }
        let live = place::start(cx, host, &spec).await?;
        if let Some(text) = prompt {
            place::prompt(cx, &live, &text).await?;
        }
        Ok(live.into())
    }
}

impl Command for SessionStart {
    const TOUCH: Touch = Touch::Writes;
    type Output = Outcome;

    async fn run(self, cx: &Ctx) -> Result<Done<Outcome>> {
        let hosts = self.hosts.resolve(cx, &[HostName::local()]).await?;
        if let ([host], None) = (hosts.as_slice(), self.count) {
            return Ok(Outcome::One(self.one(cx, host, None).await?).into());
        }
        let (mut started, mut failures) = (Vec::new(), Vec::<(String, Error)>::new());
        let count = self.count.unwrap_or(1);
        // All at once: each may wait for its tool to be ready.
        let wanted = hosts.iter().flat_map(|host| (1..=count).map(move |number| (host, number)));
        let this = &self;
        let starts = wanted.map(|(host, number)| async move {
            (host, this.one(cx, host, (count > 1).then_some(number)).await)
        });
        for (host, result) in join_all(starts).await {
            match result {
                Ok(one) => {
                    cx.emit.item(&one).await;
                    started.push(one);
                }
                Err(error) => failures.push((host.name.to_string(), error)),
            }
        }
        let failure = crate::engine::verdict(failures.iter().map(|(place, error)| (place.as_str(), error)));
        Ok(Done::with(Outcome::Many(started), failure))
    }
}
