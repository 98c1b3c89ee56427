//! The SQLite store (OpenCode 1.2 and later, Kilo Code 7).
//!
//! Of its tables only those that are named here are read; `account`, `control_account` and
//! `credential` hold secrets.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde_json::{Map, Value};

use super::talk::{self, Raw};
use super::thread::{Memo, Thread};
use crate::error::{Error, Result};
use crate::store::foreign::{Foreign, Row};
use crate::tool::format::shelf::{self, Stop};
use crate::tool::format::{jsonl, text};
use crate::tool::{Progress, Sink, Skipped};

/// What is in a database.
#[derive(Default)]
pub struct Index {
    /// Its sessions by id.
    pub sessions: BTreeMap<String, Entry>,
    /// Sessions whose talk lies in tables of a later generation.
    pub beyond: u64,
}

/// A session in the list.
pub struct Entry {
    /// Its title, if anybody or anything gave it one.
    pub title: Option<String>,
    /// Changes when anything in the session does.
    pub stamp: String,
    /// When it was begun, in milliseconds.
    pub created: i64,
}

/// Lists the sessions without reading what was said.
pub fn index(database: &Foreign) -> Result<Index> {
    for table in ["session", "message", "part"] {
        if !database.columns(table)?.contains("id") {
            let path = database.path().display();
            return Err(Error::unsupported(format!("`{path}` has no table `{table}` as this sf knows it"))
                .hint("it may be of a newer version than this sf"));
        }
    }
    let mut stamps: HashMap<String, String> = HashMap::new();
    // The log of events counts every change; before it there were only the times of the rows.
    let queries: &[&str] = if database.columns("event_sequence")?.contains("seq") {
        &[
            "select aggregate_id as id, seq as n, 0 as t from event_sequence",
            "select session_id as id, count(*) as n, 0 as t from message group by session_id",
        ]
    } else {
        &[
            "select session_id as id, count(*) as n, max(time_updated) as t from message group by session_id",
            "select session_id as id, count(*) as n, max(time_updated) as t from part group by session_id",
        ]
    };
    for query in queries {
        for row in database.rows(query, &[])? {
            let stamp = format!(" {} {}", number(&row, "n"), number(&row, "t"));
            stamps.entry(row.text("id").unwrap_or_default().to_owned()).or_default().push_str(&stamp);
        }
    }
    let mut index = Index::default();
    for row in database.rows("select id, title, time_created, time_updated from session", &[])? {
        let Some(id) = row.text("id").map(str::to_owned) else { continue };
        let title = row.text("title").filter(|title| !talk::is_default_title(title)).and_then(text::title);
        let stamp = format!("{}{}", number(&row, "time_updated"), stamps.remove(&id).unwrap_or_default());
        index.sessions.insert(id, Entry { title, stamp, created: number(&row, "time_created") });
    }
    if database.columns("session_message")?.contains("session_id") {
        let query = "select count(distinct session_id) as n from session_message
                     where session_id not in (select session_id from message)";
        index.beyond = database.rows(query, &[])?.first().map_or(0, |row| number(row, "n")).unsigned_abs();
    }
    Ok(index)
}

fn number(row: &Row, column: &str) -> i64 {
    row.integer(column).unwrap_or(0)
}

/// What is kept of a session beside its talk: name, table, query.
const BESIDE: [(&str, &str, &str); 2] = [
    ("todo", "todo", "select content, status, priority from todo where session_id = ?1 order by position"),
    // Kilo: what the agents of one session tell each other.
    (
        "board",
        "kilo_board_message",
        "select * from kilo_board_message where board_root_session_id = ?1 order by seq",
    ),
];

/// Reads what is new in a session.
pub fn read(
    tag: &'static str,
    id: &str,
    index: Option<&Index>,
    database: &Foreign,
    mut progress: Progress,
    sink: &mut dyn Sink,
) -> std::result::Result<(), Stop> {
    let mut thread = Thread::new(tag, &progress);
    let rows = |query: &str| database.rows(query, &[id.into()]).map_err(Stop::Database);
    let Some(session) = rows("select * from session where id = ?1")?.pop() else { return Ok(()) };
    let title = session.text("title").unwrap_or_default().to_owned();
    thread.about(talk::about(session.into_json()));
    if let Some(origin) = origin(&title, id, database).map_err(Stop::Database)? {
        thread.fork_of(origin);
    }
    for (key, table, query) in BESIDE {
        if database.columns(table).map_err(Stop::Database)?.is_empty() {
            continue;
        }
        let list: Vec<Value> = rows(query)?.into_iter().map(|row| Value::Object(row.into_json())).collect();
        if !list.is_empty() {
            thread.keep(key, list.into());
        }
    }
    let changed = "select m.id, max(m.time_updated, coalesce(p.t, 0)) as t from message m
         left join (select message_id, max(time_updated) as t from part where session_id = ?1 group by message_id) p
         on p.message_id = m.id where m.session_id = ?1 order by m.id";
    let list = rows(changed)?;
    let last_answer = rows(
        "select max(id) as id from message where session_id = ?1 and json_valid(data)
         and json_extract(data, '$.role') = 'assistant'",
    )?;
    let last_answer = last_answer.first().and_then(|row| row.text("id")).unwrap_or_default().to_owned();
    let before = thread.memo.until;
    let mut until = before;
    for row in list {
        let Some(message) = row.text("id").map(str::to_owned) else { continue };
        let changed = number(&row, "t");
        if changed < before && thread.memo.sent.knows(&message) {
            continue;
        }
        let Some(raw) = raw(&message, database, sink)? else { continue };
        if !thread.take(raw, message < last_answer, sink)? {
            break;
        }
        until = until.max(changed);
    }
    thread.memo.until = until;
    thread.memo.stamp = index.and_then(|i| i.sessions.get(id)).map(|e| e.stamp.clone()).unwrap_or_default();
    thread.save(&mut progress, false);
    shelf::remember(database, &mut progress);
    sink.checkpoint(&progress)?;
    Ok(())
}

/// A message with its parts. `None` when it is no JSON object.
fn raw(id: &str, database: &Foreign, sink: &mut dyn Sink) -> std::result::Result<Option<Raw>, Stop> {
    let rows = |query: &str| database.rows(query, &[id.into()]).map_err(Stop::Database);
    let mut object = |row: Row| -> Option<Map<String, Value>> {
        let data = row.text("data").unwrap_or_default();
        sink.read(data.len() as u64);
        let map = jsonl::parse(data.as_bytes());
        if map.is_none() {
            let row = row.text("id").unwrap_or_default();
            sink.skipped(Skipped::item(database.path(), format!("row {row}")));
        }
        let mut map = map?;
        map.insert("id".into(), row.text("id")?.into());
        Some(map)
    };
    let Some(info) = rows("select id, data from message where id = ?1")?.pop().and_then(&mut object) else {
        return Ok(None);
    };
    let parts = rows("select id, data from part where message_id = ?1 order by id")?;
    Ok(Some(Raw { info, parts: parts.into_iter().filter_map(object).collect() }))
}

/// A fork names its origin nowhere: its title is the origin's with a number, and its first message
/// is a copy with the same time.
fn origin(title: &str, id: &str, database: &Foreign) -> Result<Option<String>> {
    let Some(base) = title.strip_suffix(')').and_then(|t| t.rsplit_once(" (fork #")).map(|(base, _)| base)
    else {
        return Ok(None);
    };
    let query = "select s.id from session s join session own on own.id = ?1 and own.directory = s.directory
         where s.id <> own.id and s.time_created < own.time_created and substr(s.title, 1, length(?2)) = ?2
         and exists (select 1 from message a, message b where a.session_id = s.id and b.session_id = own.id
             and json_valid(a.data) and json_valid(b.data)
             and json_extract(a.data, '$.time.created') = json_extract(b.data, '$.time.created'))
         order by s.time_created desc limit 1";
    let found = database.rows(query, &[id.into(), base.into()])?;
    Ok(found.first().and_then(|row| row.text("id")).map(str::to_owned))
}

/// Sessions with an answer that is not complete and was written to since then. (There is no end
/// mark; an answer of a killed process stays like this for ever.)
pub fn answering(database: &Foreign, since: i64) -> Result<Vec<String>> {
    let query = "select distinct session_id as id from message where time_updated >= ?1 and json_valid(data)
         and json_extract(data, '$.role') = 'assistant' and json_extract(data, '$.time.completed') is null
         and json_extract(data, '$.error') is null";
    Ok(database
        .rows(query, &[since.into()])?
        .iter()
        .filter_map(|row| row.text("id").map(str::to_owned))
        .collect())
}

/// Whether a session's rows are what they were when it was read, with nothing left to wait for.
pub fn unchanged(entry: Option<&Entry>, progress: &Progress) -> bool {
    let memo = Memo::of(progress);
    !memo.waiting && entry.is_some_and(|entry| entry.stamp == memo.stamp)
}

/// What to say of sessions that lie in tables of a later generation.
pub fn beyond(path: &Path, count: u64) -> Error {
    Error::unsupported(format!(
        "`{}` keeps {count} sessions in a form that is newer than this sf; the others were captured",
        path.display()
    ))
    .hint("a newer sf may know it")
}
