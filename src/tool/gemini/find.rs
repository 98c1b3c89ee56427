//! Where the sessions are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::tool::format::disk::{self, entries};
use crate::tool::{Session, Source};

/// How much of a file's start is looked at for the session's id: it is in the first record.
const GLANCE: u64 = 16 * 1024;

/// The sessions below a root, by the id that their files name.
pub fn sessions(root: &Path) -> Vec<Session> {
    let mut found: BTreeMap<String, Vec<Source>> = BTreeMap::new();
    for project in entries(&root.join("tmp")) {
        for path in entries(&project.join("chats")) {
            let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
            if name.starts_with("session-") && (name.ends_with(".jsonl") || name.ends_with(".json")) {
                match session_id(&path) {
                    Some(id) => found.entry(id).or_default().push(source(root, path)),
                    // One that was just made is empty.
                    None if path.metadata().is_ok_and(|meta| meta.is_file() && meta.len() > 0) => {
                        let what = format!("`{}` does not say which session it is of", path.display());
                        disk::leave_out(&path, Error::corrupt(what));
                    }
                    None => {}
                }
            } else if !name.contains('.') && path.is_dir() {
                let agents =
                    entries(&path).into_iter().filter(|p| p.extension().is_some_and(|e| e == "jsonl"));
                found.entry(name.to_owned()).or_default().extend(agents.map(|path| source(root, path)));
            }
        }
    }
    let mut out = Vec::new();
    for (native_id, mut sources) in found {
        // Documents are older than the lines that they were migrated to; sub-agents come last.
        sources.sort_by_key(|s| (is_agent(s), s.path.extension().is_some_and(|e| e == "jsonl"), name(s)));
        if !sources.is_empty() {
            out.push(Session { native_id, sources, title: None });
        }
    }
    out
}

/// Whether a source is a sub-agent's own file.
pub fn is_agent(source: &Source) -> bool {
    source.path.parent().and_then(Path::file_name).is_some_and(|dir| dir != "chats")
}

/// The folder of the project that a source belongs to, below `tmp`.
pub fn project(source: &Source) -> Option<&Path> {
    let chats = source.path.ancestors().find(|dir| dir.file_name().is_some_and(|n| n == "chats"))?;
    chats.parent()
}

fn name(source: &Source) -> (String, String) {
    (source.path.file_name().unwrap_or_default().to_string_lossy().into_owned(), source.key.clone())
}

fn source(root: &Path, path: PathBuf) -> Source {
    let key = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
    Source { key, path }
}

/// The first `"sessionId": "…"` of a file. A quoted copy inside a text has its quotes escaped.
fn session_id(path: &Path) -> Option<String> {
    let bytes = disk::start(path, GLANCE)?;
    let text = String::from_utf8_lossy(&bytes);
    let (_, rest) = text.split_once("\"sessionId\"")?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let (id, _) = rest.split_once('"')?;
    (!id.is_empty() && !id.contains(['\\', '/', '\n'])).then(|| id.to_owned())
}
