//! How the tools are started and resumed.

use std::path::Path;

use crate::model::ToolId;
use crate::sys::{Env, proc};

/// The program of a tool on its host's `PATH`; `None` for Roo Code, which lives in an editor, and for a
/// tool that we do not know.
pub fn program(tool: ToolId) -> Option<&'static str> {
    Some(match tool {
        ToolId::ClaudeCode => "claude",
        ToolId::Codex => "codex",
        ToolId::Gemini => "gemini",
        ToolId::Copilot => "copilot",
        ToolId::Cursor => "cursor-agent",
        ToolId::Amp => "amp",
        ToolId::Cline => "cline",
        ToolId::KiloCode => "kilo",
        ToolId::Opencode => "opencode",
        ToolId::RooCode | ToolId::Other => return None,
    })
}

/// The command that goes on with a conversation, by the tool's own id of it.
pub fn resume(tool: ToolId, native_id: &str) -> Option<Vec<String>> {
    let program = program(tool)?;
    let words: &[&str] = match tool {
        ToolId::ClaudeCode | ToolId::Gemini => &["--resume", native_id],
        ToolId::Copilot | ToolId::Cursor => {
            return Some(vec![program.into(), format!("--resume={native_id}")]);
        }
        ToolId::Codex => &["resume", native_id],
        ToolId::Amp => &["threads", "continue", native_id],
        ToolId::Opencode | ToolId::KiloCode => &["-s", native_id],
        ToolId::Cline | ToolId::RooCode | ToolId::Other => return None,
    };
    Some([&[program], words].concat().into_iter().map(str::to_owned).collect())
}

/// The conversation that a running process of a tool holds, by the tool's own id: from the files by
/// which the tool knows its processes, or from the transcript that it keeps open.
pub fn of_process(tool: ToolId, env: &Env, pid: u32) -> Option<String> {
    let roots = super::get(tool)?.roots(env);
    family(pid).iter().find_map(|pid| {
        roots.iter().find_map(|root| match tool {
            ToolId::ClaudeCode => registered(root, *pid)?.get("sessionId")?.as_str().map(str::to_owned),
            ToolId::Copilot => locked(root, *pid),
            ToolId::Codex => opened(root, *pid),
            _ => None,
        })
    })
}

/// What the tool has written about a process of its own: whether it works, and whether it has done so
/// before. Claude Code 2.1 keeps `status` (`busy` or `idle`) in `sessions/<pid>.json`; it does not tell a
/// question from work.
pub fn register(tool: ToolId, env: &Env, pid: u32) -> Option<(bool, bool)> {
    if tool != ToolId::ClaudeCode {
        return None;
    }
    let roots = super::get(tool)?.roots(env);
    let pids = family(pid);
    let entry = pids.iter().find_map(|pid| roots.iter().find_map(|root| registered(root, *pid)))?;
    let time = |name: &str| entry.get(name).and_then(serde_json::Value::as_i64);
    let turned =
        time("statusUpdatedAt").zip(time("startedAt")).is_some_and(|(now, first)| now > first + 2000);
    match entry.get("status")?.as_str()? {
        "busy" => Some((true, true)),
        "idle" => Some((false, turned)),
        _ => None,
    }
}

/// A process, its children and theirs: wrappers start the real program.
fn family(pid: u32) -> Vec<u32> {
    let mut pids = vec![pid];
    for generation in 0..2 {
        let children: Vec<u32> = pids.iter().skip(generation).flat_map(|pid| children(*pid)).collect();
        pids.extend(children);
    }
    pids
}

fn children(pid: u32) -> Vec<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// Claude Code 2.1: `sessions/<pid>.json` with `sessionId` and the process's start time.
fn registered(root: &Path, pid: u32) -> Option<serde_json::Value> {
    let text = std::fs::read(root.join(format!("sessions/{pid}.json"))).ok()?;
    let entry: serde_json::Value = serde_json::from_slice(&text).ok()?;
    let start = entry.get("procStart").map(|start| start.to_string().trim_matches('"').to_owned());
    // The file of a process that was killed stays behind, and its id comes round again.
    let same =
        start.is_none_or(|start| proc::start_ticks(pid).is_some_and(|ticks| ticks.to_string() == start));
    same.then_some(entry)
}

/// Copilot: `session-state/<id>/inuse.<pid>.lock`.
fn locked(root: &Path, pid: u32) -> Option<String> {
    let lock = format!("inuse.{pid}.lock");
    let sessions = std::fs::read_dir(root.join("session-state")).ok()?;
    let held = sessions.filter_map(Result::ok).find(|entry| entry.path().join(&lock).exists())?;
    held.file_name().into_string().ok()
}

/// Codex keeps `rollout-<time>-<uuid>.jsonl` open.
fn opened(root: &Path, pid: u32) -> Option<String> {
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    files.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok()).find_map(|file| {
        let name = file.file_name()?.to_str()?.strip_suffix(".jsonl")?;
        let uuid = name.strip_prefix("rollout-")?.get(20..)?;
        (file.starts_with(root) && uuid.len() == 36).then(|| uuid.to_owned())
    })
}

/// The version of an installed program without running it: from the `package.json` above its real
/// file, or a folder of that name (`…/versions/2.1.0`).
pub fn installed_version(name: &str, path: Option<&str>) -> Option<String> {
    let file = match name.contains('/') {
        true => Path::new(name).to_owned(),
        false => std::env::split_paths(path?).map(|dir| dir.join(name)).find(|file| file.is_file())?,
    };
    let real = std::fs::canonicalize(file).ok()?;
    for above in real.ancestors().skip(1).take(4) {
        if let Ok(text) = std::fs::read(above.join("package.json")) {
            let package: serde_json::Value = serde_json::from_slice(&text).ok()?;
            return package.get("version")?.as_str().map(str::to_owned);
        }
    }
    let names = real.ancestors().take(3).filter_map(|above| above.file_name()?.to_str());
    let numbers = |name: &&str| name.contains('.') && name.split('.').all(|part| part.parse::<u32>().is_ok());
    names.filter(numbers).map(str::to_owned).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_tool_say_which_conversation_a_process_holds() {
        let dir = tempfile::tempdir().expect("a folder");
        let env = Env::of([("HOME", dir.path())]);
        let pid = proc::pid();
        let start = proc::start_ticks(pid).expect("running");
        let claude = dir.path().join(".claude/sessions");
        std::fs::create_dir_all(&claude).expect("made");
        let entry = |start: u64| {
            let times = r#""startedAt":1000,"statusUpdatedAt":9000,"status":"idle""#;
            format!(r#"{{"pid":{pid},"procStart":"{start}","sessionId":"abc",{times}}}"#)
        };
        std::fs::write(claude.join(format!("{pid}.json")), entry(start)).expect("written");
        assert_eq!(of_process(ToolId::ClaudeCode, &env, pid).as_deref(), Some("abc"));
        assert_eq!(register(ToolId::ClaudeCode, &env, pid), Some((false, true)), "its turn is over");
        std::fs::write(claude.join(format!("{pid}.json")), entry(start + 1)).expect("written");
        assert_eq!(of_process(ToolId::ClaudeCode, &env, pid), None, "a process of that id before");
        let copilot = dir.path().join(".copilot/session-state/some-id");
        std::fs::create_dir_all(&copilot).expect("made");
        std::fs::write(copilot.join(format!("inuse.{pid}.lock")), "").expect("written");
        assert_eq!(of_process(ToolId::Copilot, &env, pid).as_deref(), Some("some-id"));
        let codex = dir.path().join(".codex/sessions/2026/01/02");
        std::fs::create_dir_all(&codex).expect("made");
        let uuid = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0000";
        let rollout = codex.join(format!("rollout-2026-01-02T03-04-05-{uuid}.jsonl"));
        let _open = std::fs::File::create(rollout).expect("open");
        assert_eq!(of_process(ToolId::Codex, &env, pid).as_deref(), Some(uuid));
    }

    #[test]
    fn the_version_is_read_beside_the_program() {
        let dir = tempfile::tempdir().expect("a folder");
        let package = dir.path().join("lib/node_modules/tool");
        std::fs::create_dir_all(package.join("bin")).expect("made");
        std::fs::write(package.join("package.json"), r#"{"name":"tool","version":"1.2.3"}"#)
            .expect("written");
        std::fs::write(package.join("bin/tool.js"), "").expect("written");
        let bin = dir.path().join("bin");
        std::fs::create_dir(&bin).expect("made");
        std::os::unix::fs::symlink(package.join("bin/tool.js"), bin.join("tool")).expect("linked");
        assert_eq!(installed_version("tool", bin.to_str()).as_deref(), Some("1.2.3"));
        let versions = dir.path().join("versions");
        std::fs::create_dir(&versions).expect("made");
        std::fs::write(versions.join("2.1.9"), "").expect("written");
        std::os::unix::fs::symlink(versions.join("2.1.9"), bin.join("other")).expect("linked");
        assert_eq!(installed_version("other", bin.to_str()).as_deref(), Some("2.1.9"));
        assert_eq!(installed_version("none", bin.to_str()), None);
    }
}
