//! What sf needs of the machine.

use std::process::Stdio;
use std::time::Duration;

use super::Check;
use crate::engine::Ctx;
use crate::engine::service::health;
use crate::model::Time;
use crate::model::health::Word;
use crate::model::transcript::{Filter, Sort};
use crate::sys::proc;

/// How long a program may take to tell its version.
const PATIENCE: Duration = Duration::from_secs(10);
/// The git that this was made for: `worktree` with `--orphan` and its kin came later, `-C` long before.
const GIT: (u32, u32) = (2, 25);

/// What a program prints; `None` when there is none of that name, or it fails.
async fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = proc::command(program);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = tokio::time::timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    output.status.success().then(|| String::from_utf8_lossy(&text).trim().to_owned())
}

/// git is there and not too old.
pub(super) async fn git() -> Check {
    let Some(text) = said("git", &["--version"]).await else {
        return Check::fail("git", "there is no git on the PATH; workspaces need it");
    };
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version < GIT {
        return Check::warn("git", format!("{text}; {}.{} or newer is wanted", GIT.0, GIT.1));
    }
    Check::ok("git", text)
}

/// The ssh program runs, and the extra configuration is there.
pub(super) async fn ssh(cx: &Ctx) -> Check {
    let ssh = &cx.settings.ssh;
    if !ssh.config_file.is_empty() && !std::path::Path::new(&ssh.config_file).is_file() {
        return Check::fail(
            "ssh",
            format!("`ssh.config_file` names `{}`, which is no file", ssh.config_file),
        );
    }
    match said(&ssh.program, &["-V"]).await {
        Some(text) => Check::ok("ssh", text),
        None if cx.store.hosts().await.is_ok_and(|hosts| hosts.len() > 1) => {
            Check::fail("ssh", format!("`{}` cannot be run (`ssh.program`)", ssh.program))
        }
        None => Check::warn("ssh", format!("`{}` cannot be run; hosts need it", ssh.program)),
    }
}

/// Every tool that is found is captured and understood.
pub(super) async fn tools(cx: &Ctx) -> Check {
    let mut found = health::look(&cx.store, &cx.env).await.unwrap_or_default();
    found.retain(|health| health.found);
    let unwell = found.iter().filter(|health| health.enabled).filter(|health| match health.health {
        Word::UnknownGeneration => true,
        Word::NothingCaptured => health.sessions > 0,
        Word::Ok | Word::NotFound => false,
    });
    let unwell: Vec<String> = unwell
        .map(|health| format!("{}: {}", health.tool, health.detail.as_deref().unwrap_or("nothing captured")))
        .collect();
    if !unwell.is_empty() {
        return Check::warn("tools", unwell.join("; "));
    }
    let names: Vec<&str> = found.iter().map(|health| health.tool.as_str()).collect();
    Check::ok("tools", if names.is_empty() { "none found here".to_owned() } else { names.join(", ") })
}

const MIB: u64 = 1 << 20;

/// There is room for transcripts.
pub(super) fn disk(cx: &Ctx) -> Check {
    let place = cx.paths.data_dir();
    let there = place.ancestors().find_map(|dir| rustix::fs::statvfs(dir).ok());
    let Some(disk) = there else { return Check::warn("disk", "nobody can say how much room there is") };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize) / MIB;
    match free {
        0..100 => Check::fail("disk", format!("only {free} MiB are free; `sf storage prune` makes room")),
        100..1024 => {
            Check::warn("disk", format!("only {free} MiB are free; `sf storage` says what takes room"))
        }
        _ => Check::ok("disk", format!("{} GiB are free", free / 1024)),
    }
}

/// Nothing was made before it was captured.
pub(super) async fn clock(cx: &Ctx) -> Check {
    const DAY: i64 = 86_400_000;
    let now = cx.clock.now();
    // When this was written.
    if Time::parse("2025-01-01T00:00:00Z").is_some_and(|then| now < then) {
        return Check::fail("clock", format!("it says {now}, which cannot be"));
    }
    let newest = match cx.paths.state_db().exists() {
        true => cx.store.transcripts(Filter::default(), Sort::Updated, 1, 0).await.unwrap_or_default(),
        false => Vec::new(),
    };
    match newest.first().and_then(|row| row.updated).filter(|at| now.until(*at) > DAY) {
        Some(at) => Check::warn("clock", format!("it says {now}, and a tool has recorded something at {at}")),
        None => Check::ok("clock", now.to_string()),
    }
}

/// Whether what runs in the background outlives the login.
pub(super) async fn linger() -> Check {
    let uid = proc::uid().to_string();
    let Some(user) = said("loginctl", &["show-user", &uid, "-p", "Linger"]).await else {
        return Check::ok("linger", "logins are not managed by systemd here");
    };
    let kills = said("loginctl", &["show-session", "self", "-p", "KillUserProcesses"]).await;
    let config = match kills {
        Some(text) => Some(text),
        None => {
            said(
                "busctl",
                &[
                    "get-property",
                    "org.freedesktop.login1",
                    "/org/freedesktop/login1",
                    "org.freedesktop.login1.Manager",
                    "KillUserProcesses",
                ],
            )
            .await
        }
    };
    let kills = config.is_some_and(|text| text.ends_with("yes") || text.ends_with("true"));
    match (user.ends_with("yes"), kills) {
        (true, _) => Check::ok("linger", "on: what runs in the background stays after you log out"),
        (false, false) => {
            Check::ok("linger", "off; what runs in the background is left alone when you log out")
        }
        (false, true) => Check::warn(
            "linger",
            "everything is ended when you log out (KillUserProcesses): `loginctl enable-linger` keeps it",
        ),
    }
}
