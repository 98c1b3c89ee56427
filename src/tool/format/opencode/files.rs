//! The JSON store (OpenCode up to 1.1) and files made by `export`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::talk::{self, Raw};
use super::thread::Thread;
use crate::error::Result;
use crate::tool::format::disk::{self, entries};
use crate::tool::format::document::{self, Document};
use crate::tool::format::{jsonl, text, value};
use crate::tool::{Cursor, Progress, Session, Sink, Skipped, Source};

/// The key of a session's own file.
pub const SESSION: &str = "session";
/// The key of the folder of its messages.
const MESSAGES: &str = "messages";
/// The key of its newest message.
const NEWEST: &str = "newest";
/// The key of an exported session.
pub const EXPORT: &str = "export";

/// The sessions of a JSON store: `storage/session/<project>/<id>.json`.
pub fn stored(root: &Path) -> Vec<Session> {
    let storage = root.join("storage");
    let mut found = BTreeMap::new();
    for project in entries(&storage.join("session")) {
        for path in entries(&project) {
            let Some(id) = stem(&path) else { continue };
            let folder = storage.join("message").join(&id);
            let newest = entries(&folder).into_iter().filter(|p| stem(p).is_some()).max();
            let mut sources = vec![Source { key: SESSION.into(), path: path.clone() }];
            if folder.is_dir() {
                sources.push(Source { key: MESSAGES.into(), path: folder });
            }
            sources.extend(newest.map(|path| Source { key: NEWEST.into(), path }));
            let title = object(&path).and_then(|info| title(&info));
            found.insert(id.clone(), Session { native_id: id, sources, title });
        }
    }
    found.into_values().collect()
}

/// The exported sessions at a path: a file, or all files of a folder that begin like an id.
pub fn exported(root: &Path) -> Vec<Session> {
    let files = if root.is_file() { vec![root.to_owned()] } else { entries(root) };
    let files =
        files.into_iter().filter(|path| stem(path).is_some_and(|s| root.is_file() || s.starts_with("ses_")));
    files
        .filter_map(|path| {
            let export = object(&path)?;
            let info = value::object(&export, "info").filter(|_| export.contains_key("messages"))?;
            let native_id = value::string(info, "id")?;
            let title = title(info);
            Some(Session { native_id, sources: vec![Source { key: EXPORT.into(), path }], title })
        })
        .collect()
}

fn title(info: &Map<String, Value>) -> Option<String> {
    value::str(info, "title").filter(|title| !talk::is_default_title(title)).and_then(text::title)
}

fn stem(path: &Path) -> Option<String> {
    path.file_name()?.to_str()?.strip_suffix(".json").map(str::to_owned)
}

fn object(path: &Path) -> Option<Map<String, Value>> {
    jsonl::parse(&disk::read(path)?)
}

/// When a session was begun, in milliseconds.
pub fn created(source: &Source) -> i64 {
    let info = object(&source.path).map(|mut map| match map.remove("info") {
        Some(Value::Object(info)) => info,
        _ => map,
    });
    let time = info.as_ref().and_then(|info| value::millis(value::object(info, "time")?, "created"));
    time.map_or(i64::MAX, |t| t.0)
}

/// Reads a session of a JSON store, all of it: nothing tells which of its files changed.
pub fn read(tag: &'static str, session: &Session, progress: Progress, sink: &mut dyn Sink) -> Result<()> {
    let Some(own) = session.sources.first() else { return Ok(()) };
    let storage = own.path.ancestors().nth(3).unwrap_or(Path::new("")).to_owned();
    let mut next = progress.clone();
    for source in &session.sources {
        if let Ok(meta) = fs::metadata(&source.path) {
            next.cursors.insert(source.key.clone(), Cursor::whole(&meta));
        }
    }
    let mut whole = true;
    let mut load = |path: &Path| -> Option<Map<String, Value>> {
        let map = disk::read(path).and_then(|bytes| {
            sink.read(bytes.len() as u64);
            let map = jsonl::parse(&bytes);
            if map.is_none() {
                sink.skipped(Skipped::whole(path, "it is no JSON object"));
            }
            map
        });
        whole &= map.is_some();
        map
    };
    let mut thread = Thread::new(tag, &progress);
    thread.about(load(&own.path).unwrap_or_default());
    let todo = disk::read(&storage.join("todo").join(format!("{}.json", session.native_id)));
    if let Some(todo) = todo.and_then(|bytes| jsonl::value(&bytes)) {
        thread.keep("todo", todo);
    }
    let mut all = Vec::new();
    for path in entries(&storage.join("message").join(&session.native_id)) {
        let Some(id) = stem(&path) else { continue };
        let Some(mut info) = load(&path) else { continue };
        info.insert("id".into(), id.as_str().into());
        let parts = entries(&storage.join("part").join(&id)).into_iter().filter(|p| stem(p).is_some());
        all.push(Raw { info, parts: parts.filter_map(|path| load(&path)).collect() });
    }
    // Nothing would tell that an older file is sound again: the session is looked at until it is.
    if !whole || all.iter().any(|message| message.parts.is_empty()) {
        next.cursors.remove(NEWEST);
    }
    finish(thread, all, next, sink)
}

/// Reads an exported session.
pub fn read_export(
    tag: &'static str,
    session: &Session,
    progress: Progress,
    sink: &mut dyn Sink,
) -> Result<()> {
    let Some(source) = session.sources.first() else { return Ok(()) };
    let mut next = progress.clone();
    let mut export = match document::open(source, progress.cursors.get(&source.key), sink) {
        Document::Gone | Document::Same => return Ok(()),
        Document::Read(Value::Object(export), cursor) => {
            next.cursors.insert(source.key.clone(), cursor);
            export
        }
        Document::Read(_, cursor) => {
            sink.skipped(Skipped::whole(&source.path, "it is no JSON object"));
            next.cursors.insert(source.key.clone(), cursor);
            return sink.checkpoint(&next);
        }
        Document::Torn(cursor) => {
            next.cursors.insert(source.key.clone(), cursor);
            return sink.checkpoint(&next);
        }
    };
    let mut thread = Thread::new(tag, &progress);
    if let Some(Value::Object(info)) = export.remove("info") {
        thread.about(info);
    }
    let mut all = Vec::new();
    if let Some(Value::Array(messages)) = export.remove("messages") {
        for message in messages {
            let Value::Object(mut message) = message else { continue };
            let Some(Value::Object(info)) = message.remove("info") else { continue };
            let parts = match message.remove("parts") {
                Some(Value::Array(parts)) => parts,
                _ => Vec::new(),
            };
            let parts = parts.into_iter().filter_map(|part| match part {
                Value::Object(part) => Some(part),
                _ => None,
            });
            all.push(Raw { info, parts: parts.collect() });
        }
    }
    finish(thread, all, next, sink)
}

fn finish(mut thread: Thread, all: Vec<Raw>, mut progress: Progress, sink: &mut dyn Sink) -> Result<()> {
    let last_answer = all.iter().rposition(Raw::is_answer).unwrap_or(0);
    for (at, raw) in all.into_iter().enumerate() {
        if !thread.take(raw, at < last_answer, sink)? {
            break;
        }
    }
    thread.save(&mut progress, true);
    sink.checkpoint(&progress)
}
