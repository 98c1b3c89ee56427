//! Files that a tool itself wrote, away from where it keeps them: a backup, a colleague's file.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::{At, Error, Result};
use crate::model::ToolId;
use crate::sys::files;
use crate::tool::format::{disk, jsonl, value};
use crate::tool::{self, Session, Tool};

/// How much of a file is looked at to find out whose it is.
const GLANCE: u64 = 1 << 20;

/// The sessions in a folder of a tool: `~/.claude`, `~/.codex`, … or a copy of one.
///
/// # Errors
/// `not_found` when it holds no session of any tool.
pub fn folder(dir: &Path) -> Result<Vec<(&'static dyn Tool, Session)>> {
    let mut found: Vec<(&'static dyn Tool, Session)> = Vec::new();
    let mut roots = vec![dir.to_owned()];
    // Of a single session's folder the tool wants the one above: `tasks/<id>`, `session-state/<id>`.
    roots.extend(dir.ancestors().skip(1).take(2).map(Path::to_owned));
    for tool in ordered(dir) {
        for root in &roots {
            let sessions = tool.find(root).unwrap_or_default();
            let inside = |session: &Session| session.sources.iter().any(|s| s.path.starts_with(dir));
            let taken = |session: &Session| {
                found.iter().any(|(_, known)| known.sources.iter().any(|s| session.sources.contains(s)))
            };
            let fresh: Vec<Session> =
                sessions.into_iter().filter(|session| inside(session) && !taken(session)).collect();
            found.extend(fresh.into_iter().map(|session| (tool, session)));
        }
    }
    if found.is_empty() {
        return Err(unknown(dir));
    }
    Ok(found)
}

/// The tools, those first whose extension the path names: several keep tasks in the same form.
fn ordered(path: &Path) -> Vec<&'static dyn Tool> {
    let text = path.to_string_lossy().to_lowercase();
    let named = |id: ToolId| match id {
        ToolId::RooCode => text.contains("roo"),
        ToolId::KiloCode => text.contains("kilo"),
        _ => false,
    };
    let mut all = tool::all().to_vec();
    all.sort_by_key(|tool| !named(tool.id()));
    all
}

/// The session that a single file is. It is copied below `staging` to where its tool would have it,
/// since that is how a tool finds its sessions.
///
/// # Errors
/// `not_found` when it is of no tool that we know.
pub fn file(path: &Path, staging: &Path) -> Result<Vec<(&'static dyn Tool, Session)>> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let above = path.parent().unwrap_or(Path::new("/"));
    let talk = path.with_extension("messages.json");
    let part_of_folder = talk.is_file()
        || matches!(name, "api_conversation_history.json" | "ui_messages.json")
        || name.ends_with(".messages.json")
        || ["db", "vscdb"].iter().any(|e| path.extension().is_some_and(|own| own == *e));
    if part_of_folder {
        let mut found = folder(above)?;
        found.retain(|(_, session)| session.sources.iter().any(|s| s.path == *path));
        return if found.is_empty() { Err(unknown(path)) } else { Ok(found) };
    }
    if let Some(Value::Object(export)) = whole(path).filter(|document| document.get("info").is_some()) {
        return exported(export, staging).ok_or_else(|| unknown(path));
    }
    let (tool, place) = place(path, name).ok_or_else(|| unknown(path))?;
    let target = staging.join(&place);
    files::private_dir(target.parent().unwrap_or(staging))?;
    fs::copy(path, &target).at(path.display())?;
    if tool == ToolId::ClaudeCode {
        // What its sub-agents said lies in a folder of the session's name.
        let agents = path.with_extension("").join("subagents");
        for agent in disk::entries(&agents) {
            let to = target.with_extension("").join("subagents");
            files::private_dir(&to)?;
            fs::copy(&agent, to.join(agent.file_name().unwrap_or_default())).at(agent.display())?;
        }
    }
    let tool = tool::get(tool).ok_or_else(|| unknown(path))?;
    let found = tool.find(staging)?;
    if found.is_empty() {
        return Err(unknown(path));
    }
    Ok(found.into_iter().map(|session| (tool, session)).collect())
}

/// What `opencode export` and `kilo export` print, `{info, messages: [{info, parts}]}`, as a store of
/// OpenCode up to 1.1: the same objects, one a file.
fn exported(mut export: Map<String, Value>, staging: &Path) -> Option<Vec<(&'static dyn Tool, Session)>> {
    let store = staging.join("storage");
    let put = |kind: &str, above: &str, value: &Value| -> Option<String> {
        let id = value.get("id").and_then(Value::as_str).filter(|id| plain(id) && plain(above))?;
        let dir = store.join(kind).join(above);
        files::private_dir(&dir).ok()?;
        files::write_atomic(&dir.join(format!("{id}.json")), value.to_string().as_bytes()).ok()?;
        Some(id.to_owned())
    };
    let session = put("session", "import", &export.remove("info")?)?;
    for message in export.get("messages")?.as_array()? {
        let Some(id) = message.get("info").and_then(|info| put("message", &session, info)) else { continue };
        for part in message.get("parts").and_then(Value::as_array).into_iter().flatten() {
            put("part", &id, part);
        }
    }
    let tool = tool::get(ToolId::Opencode)?;
    let found = tool.find(staging).ok().filter(|found| !found.is_empty())?;
    Some(found.into_iter().map(|session| (tool, session)).collect())
}

fn unknown(path: &Path) -> Error {
    Error::not_found(format!("`{}` is no session that sf can read", path.display())).hint(
        "it takes a .sfs folder or archive, a folder of them, a tool's session file, or a tool's folder",
    )
}

/// Whose file it is, and where that tool would keep it below its root.
fn place(path: &Path, name: &str) -> Option<(ToolId, PathBuf)> {
    if let Some(Value::Object(document)) = whole(path)
        && let Some(found) = of_document(&document, name)
    {
        return Some(found);
    }
    let packed = name.ends_with(".zst");
    glance(path, packed).find_map(|line| of_line(&line, name, packed))
}

/// A tool that keeps a session as one document.
fn of_document(document: &Map<String, Value>, name: &str) -> Option<(ToolId, PathBuf)> {
    let has = |key: &str| document.contains_key(key);
    let id = value::str(document, "id").filter(|id| plain(id));
    if let Some(id) = id.filter(|id| id.starts_with("T-") && has("messages")) {
        return Some((ToolId::Amp, format!("threads/{id}.json").into()));
    }
    if value::str(document, "sessionId").is_some() && has("messages") {
        return Some((ToolId::Gemini, format!("tmp/import/chats/session-{name}").into()));
    }
    let session = value::object(document, "session").and_then(|session| value::str(session, "id"));
    if let Some(id) = session.filter(|id| plain(id) && has("items")) {
        return Some((ToolId::Codex, format!("sessions/rollout-2025-01-01-{id}.json").into()));
    }
    None
}

/// A tool that keeps a session as lines.
fn of_line(line: &Map<String, Value>, name: &str, packed: bool) -> Option<(ToolId, PathBuf)> {
    let text = |key: &str| value::str(line, key);
    let inner =
        |key: &str, id: &str| value::object(line, key).and_then(|o| value::str(o, id)).filter(|id| plain(id));
    let rollout = |id: &str| {
        let ending = if packed { "jsonl.zst" } else { "jsonl" };
        Some((ToolId::Codex, format!("sessions/rollout-2025-01-01T00-00-00-{id}.{ending}").into()))
    };
    if text("type") == Some("session.start") {
        let id = inner("data", "sessionId")?;
        return Some((ToolId::Copilot, format!("session-state/{id}/events.jsonl").into()));
    }
    if text("type") == Some("session_meta") {
        return rollout(inner("payload", "id")?);
    }
    if line.contains_key("projectHash") && text("sessionId").is_some() {
        return Some((ToolId::Gemini, format!("tmp/import/chats/session-{name}").into()));
    }
    if let Some(id) = text("sessionId").filter(|id| plain(id))
        && line.contains_key("type")
    {
        // A fork's lines may still name its origin: the file's name is the id, if it is one.
        let stem = name.strip_suffix(".jsonl").filter(|stem| stem.len() == 36).unwrap_or(id);
        return Some((ToolId::ClaudeCode, format!("projects/import/{stem}.jsonl").into()));
    }
    // The first line of Codex before 0.42.
    let bare =
        line.contains_key("timestamp") && (line.contains_key("instructions") || line.contains_key("git"));
    text("id").filter(|id| bare && plain(id)).and_then(rollout)
}

/// Whether an id can be a file's name.
fn plain(id: &str) -> bool {
    !id.is_empty() && id.len() <= 128 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

/// A file that is one JSON document, if it is small enough to look at.
fn whole(path: &Path) -> Option<Value> {
    let file = disk::open(path)?;
    if file.metadata().ok()?.len() > disk::LARGEST {
        return None;
    }
    let mut bytes = Vec::new();
    // Lines of JSON are told from a document by their second line.
    let mut first = BufReader::new(file);
    first.read_until(b'\n', &mut bytes).ok()?;
    if jsonl::parse(&bytes).is_some() && first.fill_buf().is_ok_and(|rest| !rest.is_empty()) {
        return None;
    }
    first.read_to_end(&mut bytes).ok()?;
    jsonl::value(&bytes)
}

/// The objects in the first part of a file.
fn glance(path: &Path, packed: bool) -> impl Iterator<Item = Map<String, Value>> {
    let bytes: Option<Box<dyn Read>> = disk::open(path).and_then(|file| {
        if packed {
            Some(Box::new(zstd::stream::read::Decoder::new(file).ok()?) as Box<dyn Read>)
        } else {
            Some(Box::new(file))
        }
    });
    let reader = bytes.map(|bytes| BufReader::new(bytes.take(GLANCE)));
    reader
        .into_iter()
        .flat_map(|reader| reader.split(b'\n').map_while(std::io::Result::ok))
        .filter_map(|line| jsonl::parse(&line))
}
