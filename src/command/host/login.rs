//! `host login`

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::engine::{Command, Ctx, Done, Origin, Touch};
use crate::error::{Code, Error, Result};
use crate::model::{HostName, LiveId};
use crate::sys::{proc, tty};

/// Log in to a host once, answering what ssh asks: password, second factor, host key.
///
/// Everything else then goes over that connection, which stays warm for hours. In the cockpit it is a
/// terminal of its own.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct HostLogin {
    /// The host.
    pub name: HostName,
}

/// How a login went.
#[derive(Debug, Serialize)]
pub struct LoggedIn {
    /// The host.
    pub host: HostName,
    /// Whether it is connected now; `false` while a terminal still asks.
    pub connected: bool,
    /// Whether it was connected before.
    pub already: bool,
    /// The live session that asks, when it was called from the cockpit.
    pub session: Option<LiveId>,
}

impl Command for HostLogin {
    const TOUCH: Touch = Touch::Writes;
    type Output = LoggedIn;

    async fn run(self, cx: &Ctx) -> Result<Done<LoggedIn>> {
        let host = cx.store.host(&self.name).await?;
        if host.name.is_local() {
            return Err(Error::usage("`local` is this machine; nobody has to log in"));
        }
        cx.check_ssh()?;
        let mut said = LoggedIn { host: host.name.clone(), connected: false, already: false, session: None };
        if cx.options.dry_run {
            return Ok(said.into());
        }
        match cx.origin {
            Origin::Cli if tty::stdin_is_terminal() && tty::stderr_is_terminal() => {
                (said.connected, said.already) = (true, !cx.fleet.login(&host).await?);
                Ok(said.into())
            }
            Origin::Cockpit => {
                let own = proc::own_program()?.display().to_string();
                let mut words = vec![own];
                if let Some(home) = cx.paths.home() {
                    words.extend(["--home".to_owned(), home.display().to_string()]);
                }
                words.extend(["host".to_owned(), "login".to_owned(), self.name.to_string()]);
                let started =
                    cx.call("session start", json!({ "hosts": ["local"], "command": words })).await?;
                said.session = started.value["id"].as_str().and_then(|id| id.parse().ok());
                Ok(said.into())
            }
            Origin::Cli | Origin::Batch | Origin::Ui | Origin::Command => {
                Err(Error::new(Code::ScreenOnly, "ssh can only ask a person at a terminal")
                    .hint(format!("run `sf host login {}` in one", self.name)))
            }
        }
    }
}
