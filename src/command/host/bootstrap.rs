//! `bootstrap`

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::command::args::{HostPick, Hosts};
use crate::engine::fan::{fan, verdict};
use crate::engine::{Command, Ctx, Deadline, Done, Level, Touch};
use crate::error::{Error, Result};
use crate::fleet::probe::{self, Versions};
use crate::fleet::{Host, bootstrap};
use crate::model::{HostName, host};

/// Check git and the AI tools on hosts, and put this very sf there.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct Bootstrap {
    /// The hosts; all by default.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
    /// Replace a newer sf, too.
    #[arg(long)]
    #[serde(default)]
    pub upgrade: bool,
}

/// A row of `bootstrap`.
#[derive(Clone, Debug, Serialize)]
pub struct Bootstrapped {
    /// The host.
    pub host: HostName,
    /// Whether sf answers there now.
    pub ok: bool,
    /// Its version.
    pub agent: Option<String>,
    /// Whether it was put there just now.
    pub uploaded: bool,
    /// Version of git there.
    pub git: Option<String>,
    /// AI tools on the login's `PATH`.
    pub tools: Vec<String>,
    /// Versions of those that said one, by tool.
    pub tool_versions: BTreeMap<String, String>,
    /// Whether HAPI is there.
    pub hapi: Option<bool>,
    /// Why it failed.
    pub error: Option<Error>,
}

impl Command for Bootstrap {
    const TOUCH: Touch = Touch::Writes;
    const DEADLINE: Deadline = Deadline::PerHost;
    type Output = Vec<Bootstrapped>;

    fn asks(&self) -> Option<String> {
        Some("Put this sf into sf's data folder on these hosts?".to_owned())
    }

    async fn run(self, cx: &Ctx) -> Result<Done<Vec<Bootstrapped>>> {
        let mut picks = self.hosts;
        if picks.is_empty() {
            picks.hosts.push(HostPick::All);
        }
        let hosts = picks.resolve(cx, &[]).await?;
        let fanned = fan(cx, &hosts, |machine| {
            let host = hosts.iter().find(|h| h.name == *machine.name());
            async move {
                let host = host.ok_or_else(|| Error::internal("a host that was not asked"))?;
                one(cx, machine.as_ref(), host, self.upgrade).await
            }
        });
        let rows: Vec<Bootstrapped> = fanned
            .await
            .into_iter()
            .map(|answer| answer.result.unwrap_or_else(|error| failed(answer.host.name, error)))
            .collect();
        for row in rows.iter().filter(|row| row.ok && row.git.is_none()) {
            cx.emit.notice(Level::Warn, format!("host `{}` has no git; `sync` needs it", row.host)).await;
        }
        let failures = rows.iter().filter_map(|row| Some((row.host.as_str(), row.error.as_ref()?)));
        let error = verdict(failures);
        Ok(Done::with(rows, error))
    }
}

fn failed(host: HostName, error: Error) -> Bootstrapped {
    Bootstrapped {
        host,
        ok: false,
        agent: None,
        uploaded: false,
        git: None,
        tools: Vec::new(),
        tool_versions: BTreeMap::new(),
        hapi: None,
        error: Some(error),
    }
}

/// Looks, puts the program there if it is not, and remembers what was seen.
async fn one(cx: &Ctx, machine: &dyn Host, host: &host::Host, upgrade: bool) -> Result<Bootstrapped> {
    let mut probe = probe::probe(machine, host, Versions::Asked).await?;
    let put = match machine.name().is_local() || cx.options.dry_run {
        true => Ok(false),
        false => put(cx, machine, &mut probe, upgrade).await,
    };
    if !cx.options.dry_run {
        cx.store.save_host_status(probe.status.clone()).await?;
    }
    if probe.hapi && !probe.hapi_token {
        let text = format!("HAPI has no token on `{}`: `hapi auth login` there, or CLI_API_TOKEN", host.name);
        cx.emit.notice(Level::Info, text).await;
    }
    let status = probe.status;
    Ok(Bootstrapped {
        host: status.name,
        ok: put.is_ok(),
        agent: status.agent,
        uploaded: *put.as_ref().unwrap_or(&false),
        git: status.git,
        tools: status.tools,
        tool_versions: status.tool_versions,
        hapi: Some(probe.hapi),
        error: put.err(),
    })
}

/// Whether the program had to be sent.
async fn put(cx: &Ctx, machine: &dyn Host, probe: &mut probe::Probe, upgrade: bool) -> Result<bool> {
    let status = &probe.status;
    let name = &status.name;
    let (Some(os), Some(arch)) = (&status.os, &status.arch) else {
        return Err(Error::unsupported(format!("host `{name}` does not say what it is (`uname`)")));
    };
    let path = bootstrap::find(os, arch, cx.paths.data_dir())?;
    if let Some(theirs) = status.agent.as_deref().filter(|v| !upgrade && bootstrap::is_newer(v, ours())) {
        let text = format!("host `{name}` keeps its newer sf {theirs}; `--upgrade` replaces it");
        cx.emit.notice(Level::Info, text).await;
        return Ok(false);
    }
    let program = bootstrap::measure(path).await?;
    if probe.program.as_ref() == Some(&program.sha256) {
        return Ok(false);
    }
    // An earlier upload of the same program may still lie there, and be right.
    let (version, sent) = match bootstrap::choose_again(machine, &program).await {
        Ok(version) => (version, false),
        Err(error) if error.code == crate::error::Code::Unreachable => return Err(error),
        Err(_) => (bootstrap::put(machine, &program).await?, true),
    };
    probe.status.agent = Some(version);
    probe.program = Some(program.sha256);
    Ok(sent)
}

const fn ours() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
