//! Where the sessions are.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use crate::error::Result;
use crate::tool::format::{disk, jsonl, value};
use crate::tool::{Session, Source};

/// Folders below `sessions/` are `YYYY/MM/DD`, but the tool finds a file at any depth.
const DEPTH: usize = 8;

/// The sessions below a root, by the id in the file's name.
pub fn sessions(root: &Path) -> Result<Vec<Session>> {
    let mut files = Vec::new();
    for dir in ["sessions", "archived_sessions"] {
        walk(&root.join(dir), DEPTH, &mut files);
    }
    let mut found: BTreeMap<String, PathBuf> = BTreeMap::new();
    for path in files {
        let Some((id, form)) = path.file_name().and_then(|n| n.to_str()).and_then(split) else { continue };
        match found.get(id) {
            // While a file is being compressed or restored both exist, and the plain one counts.
            Some(_) if form == "jsonl.zst" => {}
            _ => {
                found.insert(id.to_owned(), path);
            }
        }
    }
    let mut titles = titles(root);
    Ok(found
        .into_iter()
        .map(|(native_id, path)| {
            let title = titles.remove(&native_id);
            // The file moves when it is archived and changes its name when it is compressed.
            Session { sources: vec![Source { key: "rollout".into(), path }], native_id, title }
        })
        .collect())
}

/// The rollout file of a thread, wherever it is now.
pub fn rollout(root: &Path, id: &str) -> Option<PathBuf> {
    let mut files = Vec::new();
    for dir in ["sessions", "archived_sessions"] {
        walk(&root.join(dir), DEPTH, &mut files);
    }
    let form = |path: &PathBuf| match path.file_name().and_then(|n| n.to_str()).and_then(split) {
        Some((other, form @ ("jsonl" | "jsonl.zst"))) if other == id => Some(form.len()),
        _ => None,
    };
    // Of a plain and a compressed one the plain one counts.
    files.into_iter().filter_map(|path| Some((form(&path)?, path))).min().map(|(_, path)| path)
}

/// The root that a rollout file lies below.
pub fn root_of(path: &Path) -> Option<PathBuf> {
    let inside = |dir: &&Path| dir.file_name().is_some_and(|n| n == "sessions" || n == "archived_sessions");
    path.ancestors().find(inside)?.parent().map(Path::to_owned)
}

/// The thread that a file's first line says it comes from.
pub fn parent(path: &Path) -> Option<String> {
    let source = Source { key: String::new(), path: path.to_owned() };
    let jsonl::Opened::Fresh(mut lines) = jsonl::open(&source, None) else { return None };
    let line = jsonl::parse(lines.peek()?)?;
    let meta = value::object(&line, "payload")?;
    value::string(meta, "forked_from_id").or_else(|| value::string(meta, "parent_thread_id")).or_else(|| {
        let spawned = value::object(value::object(meta, "source")?, "subagent")?;
        value::string(value::object(spawned, "thread_spawn")?, "parent_thread_id")
    })
}

fn walk(dir: &Path, depth: usize, out: &mut Vec<PathBuf>) {
    for path in disk::entries(dir) {
        let rollout =
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| split(name).is_some());
        if rollout {
            out.push(path);
        // Links to folders are not followed: one may lead back here.
        } else if depth > 0 && path.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
            walk(&path, depth - 1, out);
        }
    }
}

/// The id and the ending of `rollout-<time>-<uuid>.<ending>`.
fn split(name: &str) -> Option<(&str, &str)> {
    let (stem, form) = name.strip_prefix("rollout-")?.split_once('.')?;
    if !matches!(form, "jsonl" | "jsonl.zst" | "json") {
        return None;
    }
    let id = stem.get(stem.len().checked_sub(36)?..)?;
    let dashes = id.bytes().enumerate().all(|(i, b)| match i {
        8 | 13 | 18 | 23 => b == b'-',
        _ => b.is_ascii_hexdigit(),
    });
    dashes.then_some((id, form))
}

/// Names that a person or the tool gave to threads; the last line of an id wins.
fn titles(root: &Path) -> HashMap<String, String> {
    let Some(file) = disk::open(&root.join("session_index.jsonl")) else { return HashMap::new() };
    let mut out = HashMap::new();
    for line in BufReader::new(file).split(b'\n').map_while(std::io::Result::ok) {
        if let Some(line) = jsonl::parse(&line)
            && let (Some(id), Some(name)) = (value::string(&line, "id"), value::string(&line, "thread_name"))
        {
            out.insert(id, name);
        }
    }
    out
}

/// Threads whose lock a process holds (0.169). The lock is only tried, on a handle for reading.
pub fn live(root: &Path) -> Vec<String> {
    let Ok(locks) = fs::read_dir(root.join("thread-writer-locks")) else { return Vec::new() };
    let held = |path: &Path| {
        let file = File::open(path).ok()?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => Some(()),
            _ => None,
        }
    };
    locks
        .flatten()
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.strip_suffix(".lock")?.to_owned();
            (id.len() == 36).then_some(())?;
            held(&entry.path())?;
            Some(id)
        })
        .collect()
}
