//! Where the sessions are.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::model::Time;
use crate::tool::format::disk::{self, entries};
use crate::tool::format::{jsonl, value};
use crate::tool::{Session, Source};

/// How much of a file's start is looked at to find out what it is.
const GLANCE: u64 = 256 * 1024;

/// The sessions below a root: those with a file of their own, and those of which only sub-agents
/// are left.
pub fn sessions(root: &Path) -> Result<Vec<Session>> {
    let mut found: BTreeMap<String, (Vec<Source>, Vec<Source>)> = BTreeMap::new();
    let projects = root.join("projects");
    for project in entries(&projects) {
        for (stem, path) in jsonl_files(&project) {
            let source = source(root, path);
            if is_uuid(&stem) {
                found.entry(stem).or_default().0.push(source);
            } else if stem.starts_with("agent-")
                && let Some(session) = session_of(&source.path)
            {
                found.entry(session).or_default().1.push(source);
            }
        }
        for entry in entries(&project) {
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if is_uuid(&name) {
                let agents = jsonl_files(&entry.join("subagents")).into_iter();
                let agents = agents.filter(|(stem, _)| stem.starts_with("agent-"));
                found.entry(name).or_default().1.extend(agents.map(|(_, path)| source(root, path)));
            }
        }
    }
    Ok(found
        .into_iter()
        .map(|(native_id, (mut sources, mut agents))| {
            sources.sort_by(|a, b| a.key.cmp(&b.key));
            agents.sort_by(|a, b| a.key.cmp(&b.key));
            sources.extend(agents);
            Session { native_id, sources, title: None }
        })
        .filter(|session| !session.sources.is_empty())
        .collect())
}

fn jsonl_files(dir: &Path) -> Vec<(String, PathBuf)> {
    entries(dir)
        .into_iter()
        .filter_map(|path| {
            let stem = path.file_name()?.to_str()?.strip_suffix(".jsonl")?.to_owned();
            Some((stem, path))
        })
        .collect()
}

fn source(root: &Path, path: PathBuf) -> Source {
    let key = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
    Source { key, path }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// The objects in the first part of a file.
fn glance(path: &Path) -> impl Iterator<Item = serde_json::Map<String, serde_json::Value>> {
    use std::io::BufRead;
    let reader = disk::open(path).map(|file| BufReader::new(file.take(GLANCE)));
    reader.into_iter().flat_map(|reader| reader.split(b'\n').map_while(Result::ok)).filter_map(|line| {
        // The last line may be cut by the limit; then it is no object.
        jsonl::parse(&line)
    })
}

/// The session that a sub-agent's file of 2.0 belongs to.
fn session_of(path: &Path) -> Option<String> {
    glance(path).find_map(|line| value::string(&line, "sessionId"))
}

/// The first message of a session file.
pub fn root(path: &Path) -> Option<String> {
    glance(path)
        .filter(|line| !value::flag(line, "isSidechain"))
        .find_map(|line| value::string(&line, "uuid"))
}

/// When a session file was begun, if it says so.
pub fn began(path: &Path) -> Option<Time> {
    glance(path).filter(|line| !line.contains_key("uuid")).find_map(|line| value::time(&line, "timestamp"))
}

/// Sessions whose process runs: `sessions/<pid>.json` (2.1) with a process of that start time.
pub fn live(root: &Path) -> Vec<String> {
    let cards = entries(&root.join("sessions"));
    cards
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .filter_map(|path| {
            let card = jsonl::parse(&disk::read(path)?)?;
            let pid = card.get("pid")?.as_u64()?;
            let start =
                card.get("procStart").map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))?;
            (start_of(pid)? == start).then(|| value::string(&card, "sessionId"))?
        })
        .collect()
}

/// Field 22 of `/proc/<pid>/stat`: when the process was started, in ticks since boot.
fn start_of(pid: u64) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; fields are counted from its end.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(19).map(str::to_owned)
}
