//! What lies in sf's own folders.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Check;
use crate::config::{Keymap, Prices, Settings, Theme};
use crate::engine::Ctx;
use crate::engine::service::daemon::Record;
use crate::error::{At, Result};
use crate::live::record::Folder;
use crate::model::LiveId;
use crate::sys::proc;

/// Nobody else may look into our folders.
pub(super) fn folders(cx: &Ctx, fix: bool) -> Result<Check> {
    let paths = &cx.paths;
    let all = [paths.data_dir(), paths.config_dir(), paths.run_dir()].map(Path::to_path_buf);
    let inside = [paths.sessions(), paths.trash_dir(), paths.log_dir(), paths.lock_dir(), paths.ssh_dir()];
    let databases = [paths.state_db(), paths.index_db(), paths.settings()];
    if !paths.sessions().exists() {
        return Ok(Check::ok("home", format!("nothing is in `{}` yet", paths.data_dir().display())));
    }
    let mut open = Vec::new();
    for path in all.into_iter().chain(inside).chain(databases) {
        let Ok(meta) = std::fs::metadata(&path) else { continue };
        if meta.uid() != proc::uid() {
            return Ok(Check::fail("home", format!("`{}` belongs to another user", path.display())));
        }
        // The settings hold no secret, and people keep them under version control.
        let readable = path == paths.settings();
        if !open.contains(&path) && meta.mode() & if readable { 0o022 } else { 0o077 } != 0 {
            open.push(path);
        }
    }
    let place = paths.data_dir().display();
    if open.is_empty() {
        return Ok(Check::ok("home", format!("`{place}` is ours alone")));
    }
    let names: Vec<String> = open.iter().map(|path| path.display().to_string()).collect();
    if !fix {
        let what = format!("others can get at {} (--fix closes them)", names.join(", "));
        return Ok(Check::fail("home", what));
    }
    for path in &open {
        close(path)?;
    }
    Ok(Check::mended("home", format!("closed to others: {}", names.join(", "))))
}

fn close(path: &PathBuf) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let meta = std::fs::metadata(path).at(path.display())?;
    let mode = meta.mode() & 0o700;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).at(path.display())
}

/// Live sessions whose holder is gone, and sockets that nobody answers at.
pub(super) fn holders(cx: &Ctx, fix: bool) -> Result<Check> {
    let folder = Folder::at(cx.paths.run_dir());
    let records = folder.all()?;
    let mut stale: Vec<LiveId> = records
        .iter()
        .filter(|record| record.ended.is_none() && !record.held())
        .map(|record| record.spec.id.clone())
        .collect();
    let lost = stale.len();
    for id in sockets(folder.path()) {
        let held = records.iter().any(|record| record.spec.id == id && record.held());
        // A holder that is being started has a socket before it has a record.
        let fresh = std::fs::metadata(folder.socket(&id)).is_ok_and(|meta| {
            let made = meta.modified().map(crate::sys::clock::millis).unwrap_or(0);
            cx.clock.now().0 - made < 60_000
        });
        if !held && !fresh && !stale.contains(&id) {
            stale.push(id);
        }
    }
    let live = records.iter().filter(|record| record.lives()).count();
    if stale.is_empty() {
        return Ok(Check::ok("holders", format!("{live} live sessions, each with its holder")));
    }
    let what = format!("{lost} sessions lost their holder, {} sockets are stale", stale.len() - lost);
    if !fix {
        return Ok(Check::warn("holders", format!("{what} (--fix removes their traces)")));
    }
    stale.iter().for_each(|id| folder.forget(id));
    Ok(Check::mended("holders", format!("{what}; their traces are removed")))
}

fn sockets(run: &Path) -> Vec<LiveId> {
    let name = |entry: std::fs::DirEntry| entry.file_name().to_str()?.strip_suffix(".sock")?.parse().ok();
    std::fs::read_dir(run).into_iter().flatten().flatten().filter_map(name).collect()
}

/// The background capture.
pub(super) fn daemon(cx: &Ctx, fix: bool) -> Check {
    let file = cx.paths.lock_dir().join("daemon.json");
    match Record::of_running(&cx.paths) {
        Some(record) if record.version != env!("CARGO_PKG_VERSION") => {
            let what = format!("it is version {}: `sf daemon restart`", record.version);
            Check::warn("daemon", what)
        }
        Some(record) => {
            let blind: Vec<String> = record.watching.iter().filter_map(|root| root.reason.clone()).collect();
            match blind.first() {
                Some(why) => Check::warn("daemon", format!("it cannot watch {} folders: {why}", blind.len())),
                None => Check::ok("daemon", format!("runs as process {}", record.pid)),
            }
        }
        None if file.exists() && fix => match std::fs::remove_file(&file) {
            Ok(()) => Check::mended("daemon", "it had died; `sf daemon start` starts it"),
            Err(e) => Check::fail("daemon", format!("{}: {e}", file.display())),
        },
        None if file.exists() => Check::warn("daemon", "it has died: `sf daemon start`"),
        None => Check::ok("daemon", "does not run; `sf daemon start` captures in the background"),
    }
}

/// Settings, keymap, theme and prices can be read.
pub(super) fn files(cx: &Ctx) -> Check {
    let paths = &cx.paths;
    let loaded = Settings::load(&paths.settings());
    let ui = &loaded.settings.ui;
    let mut notices = loaded.notices.clone();
    notices.extend(Keymap::load(&ui.keymap, &paths.keymap()).1);
    notices.extend(Theme::load(&ui.theme, &paths.theme()).1);
    notices.extend(Prices::load(&paths.prices()).notices);
    let there = [paths.settings(), paths.keymap(), paths.theme(), paths.prices()];
    let there = there.iter().filter(|path| path.exists()).count();
    match (loaded.fatal, notices.as_slice()) {
        (Some(error), _) => Check::fail("files", error.message),
        (None, []) => Check::ok("files", format!("{there} files of yours, nothing wrong in them")),
        (None, all) => {
            let all: Vec<String> = all.iter().map(ToString::to_string).collect();
            Check::warn("files", all.join("; "))
        }
    }
}
