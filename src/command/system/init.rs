//! `init`

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::engine::{Command, Ctx, Deadline, Done, Level, Touch};
use crate::error::{Error, Result};
use crate::fleet::aliases;
use crate::model::{HostName, ToolId};
use crate::tool;
use crate::transcript::health;

/// Set sf up on this machine: find AI tools and what they recorded, and hosts to add. Running it
/// again changes nothing.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct Init {}

/// What is there.
#[derive(Debug, Serialize)]
pub struct Ready {
    home: PathBuf,
    tools: Vec<ToolFound>,
    hosts: Vec<HostFound>,
    /// Transcripts that were captured now.
    captured: u64,
    /// Whether anything was changed.
    changed: bool,
}

/// A tool of this machine.
#[derive(Debug, Serialize)]
pub struct ToolFound {
    tool: ToolId,
    found: bool,
    sessions: u64,
    roots: Vec<PathBuf>,
}

/// A host of the ssh configuration.
#[derive(Debug, Serialize)]
pub struct HostFound {
    name: HostName,
    target: String,
    /// Whether sf knows it (now).
    added: bool,
}

impl Command for Init {
    const TOUCH: Touch = Touch::Writes;
    const DEADLINE: Deadline = Deadline::Own;
    type Output = Ready;

    fn asks(&self) -> Option<String> {
        Some("Set sf up on this machine? Every step asks; nothing of your tools is changed.".to_owned())
    }

    async fn run(self, cx: &Ctx) -> Result<Done<Ready>> {
        let home = cx.paths.data_dir().to_path_buf();
        let mut changed = !home.join("sessions").exists();
        if !cx.options.dry_run {
            cx.paths.create()?;
        }
        let tools = tools(cx).await?;
        let sessions: u64 = tools.iter().map(|tool| tool.sessions).sum();
        let mut captured = 0;
        let question = format!("Capture the {sessions} sessions that are there? They are only read.");
        if sessions > 0 && yes(cx, true, question).await {
            let done = cx.call("capture", json!({"tool": [], "hosts": []})).await?;
            captured = done.value["sessions_new"].as_u64().unwrap_or(0);
            changed |= captured > 0 || done.value["sessions_updated"].as_u64().unwrap_or(0) > 0;
            if let Some(error) = done.error {
                cx.emit.notice(Level::Warn, error.message).await;
            }
        }
        let mut hosts = offered(cx).await?;
        for host in hosts.iter_mut().filter(|host| !host.added) {
            // Somebody has to be there: adding one calls it.
            if yes(cx, false, format!("Add host `{}` (ssh {})?", host.name, host.target)).await {
                let add = json!({"name": host.name, "target": host.target, "root": null});
                match cx.call("host add", add).await {
                    Ok(_) => (host.added, changed) = (true, true),
                    Err(error) => cx.emit.notice(Level::Warn, format!("{}: {error}", host.name)).await,
                }
            }
        }
        Ok(Ready { home, tools, hosts, captured, changed }.into())
    }
}

/// Asks whether a step is wanted; `otherwise` is what `--yes` means.
async fn yes(cx: &Ctx, otherwise: bool, question: String) -> bool {
    match () {
        () if cx.options.dry_run => false,
        () if cx.options.yes => otherwise,
        () => cx.emit.ask(question, Vec::new()).await,
    }
}

async fn tools(cx: &Ctx) -> Result<Vec<ToolFound>> {
    let env = cx.env.clone();
    let look = move || {
        let all = tool::all().iter().map(|tool| {
            let seen = health::look(*tool, &env, true, crate::model::transcript::CaptureTally::default());
            ToolFound { tool: seen.tool, found: seen.found, sessions: seen.sessions, roots: seen.roots }
        });
        all.collect()
    };
    tokio::task::spawn_blocking(look)
        .await
        .map_err(|e| Error::internal(format!("looking at the tools ended early: {e}")))
}

/// The hosts of the ssh configuration whose names sf can take over.
async fn offered(cx: &Ctx) -> Result<Vec<HostFound>> {
    let known: Vec<_> = match cx.options.dry_run && !cx.paths.state_db().exists() {
        true => Vec::new(),
        false => cx.store.hosts().await?.into_iter().map(|(host, _)| host).collect(),
    };
    let mut files = vec![cx.env.home().join(".ssh/config")];
    if !cx.settings.ssh.config_file.is_empty() {
        files.insert(0, PathBuf::from(&cx.settings.ssh.config_file));
    }
    let home = cx.env.home();
    let names = tokio::task::spawn_blocking(move || aliases::of(&files, &home))
        .await
        .map_err(|e| Error::internal(format!("reading the ssh configuration ended early: {e}")))?;
    let hosts = names.into_iter().filter_map(|target| {
        let name: HostName = target.parse().ok().filter(|name: &HostName| !name.is_local())?;
        let added = known.iter().any(|host| host.name == name || host.target == target);
        Some(HostFound { name, target, added })
    });
    Ok(hosts.collect())
}
