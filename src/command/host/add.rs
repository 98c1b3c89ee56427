//! `host add`

use serde::{Deserialize, Serialize};

use crate::engine::fan::fan;
use crate::engine::{Command, Ctx, Deadline, Done, Level, Touch};
use crate::error::{Error, Result};
use crate::fleet::check_target;
use crate::fleet::probe::{self, Versions};
use crate::model::HostName;
use crate::model::host::{Host, HostState, HostStatus};
use crate::workspace::discover::{self, Found};

/// Add a host: anything that `ssh` reaches without a question. Looks what is there.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct HostAdd {
    /// What to call it.
    pub name: HostName,
    /// What `ssh` is given: an alias, `user@host`, or `ssh://user@host:port`.
    pub target: String,
    /// The folder there that holds `repo-cache/` and `features/` [default: the home folder].
    #[arg(long, value_name = "DIR")]
    #[serde(default)]
    pub root: Option<String>,
}

/// What `host add` found.
#[derive(Debug, Serialize)]
pub struct Added {
    /// The host.
    pub host: HostName,
    /// What `ssh` is given.
    pub target: String,
    /// Whether it answered.
    pub reachable: bool,
    /// `Linux`, `Darwin`, ….
    pub os: Option<String>,
    /// `x86_64`, `aarch64`, ….
    pub arch: Option<String>,
    /// What lies below its root already.
    pub discovered: Discovered,
}

/// The names of what lies below a root.
#[derive(Debug, Default, Serialize)]
pub struct Discovered {
    /// Repositories that have an anchor.
    pub repos: Vec<String>,
    /// Features that have a worktree.
    pub features: Vec<String>,
}

impl From<Found> for Discovered {
    fn from(found: Found) -> Self {
        Self {
            repos: found.repos.into_iter().map(|repo| repo.name.into()).collect(),
            features: found.features.into_iter().map(|feature| feature.name.into()).collect(),
        }
    }
}

impl Command for HostAdd {
    const TOUCH: Touch = Touch::Writes;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Added;

    async fn run(self, cx: &Ctx) -> Result<Done<Added>> {
        let host = self.checked()?;
        cx.check_ssh()?;
        if !cx.options.dry_run {
            cx.store.add_host(host.clone()).await?;
        }
        let looked = fan(cx, std::slice::from_ref(&host), |machine| {
            let host = &host;
            async move {
                let (probe, found) = tokio::join!(
                    probe::probe(machine.as_ref(), host, Versions::Left),
                    discover::discover(machine.as_ref(), host.root.as_deref())
                );
                Ok((probe?, found?))
            }
        });
        let looked = looked.await.into_iter().next().map(|fanned| fanned.result);
        let (status, found) = match looked {
            Some(Ok((probe, found))) => (probe.status, found),
            other => {
                let why = other.and_then(Result::err).unwrap_or_else(Error::cancelled);
                cx.emit.notice(Level::Warn, format!("added, but {}", why.message)).await;
                for hint in &why.hints {
                    cx.emit.notice(Level::Info, hint).await;
                }
                let down = HostStatus {
                    state: HostState::Down,
                    error: Some(why.message),
                    ..HostStatus::unknown(&host)
                };
                (down, Found::default())
            }
        };
        if !cx.options.dry_run {
            cx.store.save_host_status(status.clone()).await?;
        }
        Ok(Added {
            host: host.name,
            target: host.target,
            reachable: status.state == HostState::Up,
            os: status.os,
            arch: status.arch,
            discovered: found.into(),
        }
        .into())
    }
}

impl HostAdd {
    fn checked(self) -> Result<Host> {
        if self.name.is_local() {
            return Err(Error::usage("`local` is this machine, and always there"));
        }
        check_target(&self.target)?;
        if let Some(root) = self.root.as_deref().filter(|r| r.is_empty() || r.chars().any(char::is_control)) {
            return Err(Error::usage(format!("--root {root:?} is empty or holds a control character")));
        }
        Ok(Host { name: self.name, target: self.target, root: self.root })
    }
}
