//! Where editors keep what their extensions store.

use std::path::{Path, PathBuf};

use super::super::disk::{self, entries};
use super::Family;
use crate::sys::Env;

/// The storages of an extension in every editor of this machine: on the desktop, and of servers that
/// an editor elsewhere is connected to. New editors appear all the time, so they are looked for.
pub fn storages(family: &Family, env: &Env) -> Vec<PathBuf> {
    let users = users(env);
    let mut out: Vec<PathBuf> =
        users.iter().map(|user| user.join("globalStorage").join(family.extension)).collect();
    out.push(env.home().join(".vscode-mock/global-storage"));
    out.retain(|storage| storage.join("tasks").is_dir());
    if let Some(setting) = family.moved_by {
        // What a person set for one machine alone lies beside: where an editor elsewhere connects to,
        // that is the only place.
        let settings = users.iter().flat_map(|user| [user.clone(), user.with_file_name("Machine")]);
        for folder in settings.filter_map(|dir| moved(&dir.join("settings.json"), setting)) {
            if !out.contains(&folder) {
                out.push(folder);
            }
        }
    }
    if out.is_empty() {
        out.push(config(env).join("Code/User/globalStorage").join(family.extension));
    }
    out
}

fn config(env: &Env) -> PathBuf {
    env.path("XDG_CONFIG_HOME").unwrap_or_else(|| env.home().join(".config"))
}

/// The `User` folders of all editors.
fn users(env: &Env) -> Vec<PathBuf> {
    let home = env.home();
    let mut out = Vec::new();
    if let Some(portable) = env.path("VSCODE_PORTABLE") {
        out.push(portable.join("user-data/User"));
    }
    // Linux, macOS.
    for apps in [config(env), home.join("Library/Application Support")] {
        out.extend(entries(&apps).into_iter().map(|app| app.join("User")));
    }
    // The remote ends of VS Code, Cursor, Windsurf, VSCodium, …, and Codespaces.
    if let Some(agent) = env.path("VSCODE_AGENT_FOLDER") {
        out.push(agent.join("data/User"));
    }
    let servers = entries(&home).into_iter().filter(|dir| {
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with('.') && (name.contains("-server") || name.ends_with("-remote"))
    });
    out.extend(servers.map(|dir| dir.join("data/User")));
    let data = env.path("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share"));
    out.push(data.join("code-server/User"));
    out.retain(|user| user.is_dir());
    out.sort();
    out.dedup();
    out
}

/// A path in an editor's settings, which are JSON with comments: only this one text is looked at.
fn moved(settings: &Path, setting: &str) -> Option<PathBuf> {
    let text = String::from_utf8(disk::read(settings)?).ok()?;
    let quoted = format!("\"{setting}\"");
    let mut lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let (_, rest) = lines.find_map(|line| line.split_once(&quoted))?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    let path: String = serde_json::Deserializer::from_str(rest).into_iter().next()?.ok()?;
    (path.starts_with('/')).then(|| PathBuf::from(path))
}
