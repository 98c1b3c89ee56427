//! Databases: a cell of a row is changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, params};
use serde_json::Value;
use session_forge::model::ToolId;
use session_forge::sys::Env;
use session_forge::tool::{self, Session, Tool};

use super::change::{Input, any_input, words};
use super::files::place;
use super::tape::Tape;
use crate::transcripts::{copy, fixtures};

/// A database in memory with a cell in hand.
struct Samples {
    tool: &'static dyn Tool,
    _dir: tempfile::TempDir,
    path: PathBuf,
    root: PathBuf,
    database: Connection,
    sessions: Vec<Session>,
    cells: Vec<Place>,
    words: Vec<String>,
    /// Every input has a time of its own: real ones lie further apart than the clock's ticks.
    clock: std::cell::Cell<u64>,
}

/// Where a value is: table, column, row.
struct Place {
    table: &'static str,
    column: String,
    row: i64,
    was: Cell,
    parsed: Value,
}

fn open(path: &Path) -> Connection {
    let database = Connection::open(path).expect("opened");
    // Whatever lies in a log goes into the file; nothing is forced to any disk.
    database.query_row("pragma journal_mode = delete", [], |_| Ok(())).expect("set");
    database.query_row("pragma journal_mode = off", [], |_| Ok(())).expect("set");
    database.execute_batch("pragma synchronous = off; pragma foreign_keys = off").expect("set");
    // What is large, or is not read, only takes time.
    for sql in [
        "delete from event",
        "delete from cursorDiskKV where length(value) > 20000",
        "delete from ItemTable where length(value) > 20000",
        "vacuum",
    ] {
        let _ = database.execute(sql, []);
    }
    database
}

impl Samples {
    fn of(tool: ToolId, case: &str, database: &str, tables: &[&'static str]) -> Self {
        let (tool, dir) = (tool::get(tool).expect("a tool"), place());
        copy(&fixtures(tool.id().as_str()).join(case).join("home"), dir.path());
        let path = dir.path().join(database);
        Self::new(tool, dir, path, tables)
    }

    fn new(tool: &'static dyn Tool, dir: tempfile::TempDir, path: PathBuf, tables: &[&'static str]) -> Self {
        let database = open(&path);
        let (mut cells, mut known) = (Vec::new(), Vec::new());
        for table in tables {
            let mut query =
                database.prepare(&format!("select rowid as sf_row, * from {table}")).expect("a table");
            let names: Vec<String> = query.column_names().map(str::to_owned).collect();
            let mut rows = query.query([]).expect("rows");
            while let Some(row) = rows.next().expect("a row") {
                for (at, name) in names.iter().enumerate().skip(1) {
                    let was: Cell = row.get(at).expect("a cell");
                    let parsed = match &was {
                        Cell::Text(text) => {
                            serde_json::from_str(text).unwrap_or_else(|_| text.clone().into())
                        }
                        Cell::Blob(bytes) if bytes.len() < 100_000 => {
                            serde_json::from_slice(bytes).unwrap_or(Value::Null)
                        }
                        Cell::Integer(n) => (*n).into(),
                        _ => Value::Null,
                    };
                    words(&parsed, &mut known);
                    let row = row.get(0).expect("a number");
                    cells.push(Place { table, column: name.clone(), row, was, parsed });
                }
            }
        }
        assert!(!cells.is_empty(), "{}", path.display());
        known.sort();
        known.dedup();
        let env = Env::of([("HOME", dir.path())]);
        let root = tool.roots(&env).into_iter().find(|root| path.starts_with(root)).expect("its root");
        let sessions = tool.find(&root).expect("found");
        assert!(!sessions.is_empty() && tool.finish(&root).is_empty());
        let clock = std::cell::Cell::new(1_800_000_000);
        Self { tool, _dir: dir, path, root, database, sessions, cells, words: known, clock }
    }

    fn put(&self, place: &Place, value: &Cell) {
        let sql = format!("update or ignore {} set \"{}\" = ?1 where rowid = ?2", place.table, place.column);
        // A column that the schema keeps from being what we want stays as it is.
        let _ = self.database.prepare_cached(&sql).expect("prepared").execute(params![value, place.row]);
        self.clock.set(self.clock.get() + 1);
        let file = fs::OpenOptions::new().write(true).open(&self.path).expect("opened");
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(self.clock.get())).expect("set");
    }

    fn read(&self, input: &Input) {
        let at = input.sample as usize;
        let place = &self.cells[at % self.cells.len()];
        let donor = &self.cells[(at / 7) % self.cells.len()].parsed;
        let mut value = place.parsed.clone();
        input.changes.iter().for_each(|change| change.make(&mut value, &self.words, donor));
        let mut bytes = match &value {
            Value::String(text) => text.clone().into_bytes(),
            other => other.to_string().into_bytes(),
        };
        if let Some(damage) = input.damage {
            damage.make(&mut bytes);
        }
        let cell = match (&value, String::from_utf8(bytes)) {
            (Value::Null, _) => Cell::Null,
            (Value::Number(n), _) if n.is_i64() => Cell::Integer(n.as_i64().unwrap_or(0)),
            (_, Ok(text)) => Cell::Text(text),
            (_, Err(e)) => Cell::Blob(e.into_bytes()),
        };
        self.put(place, &cell);
        let _again = Again { samples: self, place };
        let found = self.tool.find(&self.root).expect("found");
        let at = input.part as usize;
        let session = found.get(at % found.len().max(1)).unwrap_or(&self.sessions[at % self.sessions.len()]);
        let mut tape = Tape::default();
        tape.read(self.tool, session);
        tape.settled(self.tool, session);
        let _ = (self.tool.family(session), self.tool.age(session), self.tool.live(&self.root));
    }
}

/// Puts a cell back as it was, also after a failure.
struct Again<'a> {
    samples: &'a Samples,
    place: &'a Place,
}

impl Drop for Again<'_> {
    fn drop(&mut self) {
        let _ = self.samples.tool.finish(&self.samples.root);
        self.samples.put(self.place, &self.place.was);
    }
}

fn fuzz(samples: &Samples) {
    proptest!(|(input in any_input())| { samples.read(&input); });
}

#[test]
fn rows_of_opencode_can_be_read() {
    let tables = ["session", "message", "part", "todo", "event_sequence"];
    fuzz(&Samples::of(
        ToolId::Opencode,
        "real-1.18.33-wal-pending",
        ".local/share/opencode/opencode.db",
        &tables,
    ));
}

#[test]
fn rows_of_kilo_code_can_be_read() {
    let tables = ["session", "message", "part", "todo", "event_sequence", "kilo_board"];
    fuzz(&Samples::of(ToolId::KiloCode, "real-cli-7.7.7", ".local/share/kilo/kilo.db", &tables));
}

#[test]
fn rows_of_cursor_can_be_read() {
    let tables = ["cursorDiskKV", "ItemTable", "composerHeaders"];
    let path = ".config/Cursor/User/globalStorage/state.vscdb";
    fuzz(&Samples::of(ToolId::Cursor, "state-vscdb-3x", path, &tables));
}

#[test]
fn rows_of_older_cursor_can_be_read() {
    let path = ".config/Cursor/User/globalStorage/state.vscdb";
    fuzz(&Samples::of(ToolId::Cursor, "state-vscdb-0.4x", path, &["cursorDiskKV", "ItemTable"]));
}

#[test]
fn blobs_of_the_terminal_program_of_cursor_can_be_read() {
    let dir = place();
    let folder = dir
        .path()
        .join(".cursor/chats/d41d8cd98f00b204e9800998ecf8427e/11111111-2222-4333-8444-555555555555");
    fs::create_dir_all(&folder).expect("made");
    let path = folder.join("store.db");
    let database = open(&path);
    let meta = r#"{"name":"Birds","createdAt":1795200000000,"lastUsedModel":"m","mode":"default"}"#;
    let hex: String = meta.bytes().map(|b| format!("{b:02x}")).collect();
    database
        .execute_batch(
            "create table blobs(id text primary key, data blob); create table meta(key text, value text)",
        )
        .expect("made");
    database.execute("insert into meta values ('0', ?1)", [hex]).expect("written");
    let talk = [
        r#"{"role":"system","content":"be kind"}"#,
        r#"{"role":"user","content":[{"type":"text","text":"<user_query>herons?</user_query>"}]}"#,
        r#"{"role":"assistant","content":[{"type":"reasoning","text":"hm"},{"type":"tool-call","toolCallId":"c","toolName":"Shell","args":{"command":"ls"}}],"id":"a1"}"#,
        r#"{"role":"tool","content":[{"type":"tool-result","toolCallId":"c","toolName":"Shell","result":"a\nb","providerOptions":{"cursor":{"highLevelToolCallResult":{"isError":false}}}}]}"#,
        r#"{"role":"assistant","content":"two files","createdAt":1795200001000}"#,
    ];
    for (at, blob) in talk.iter().enumerate() {
        let row = params![format!("{at:064x}"), blob.as_bytes()];
        database.execute("insert into blobs values (?1, ?2)", row).expect("written");
    }
    drop(database);
    let tool = tool::get(ToolId::Cursor).expect("a tool");
    fuzz(&Samples::new(tool, dir, path, &["blobs", "meta"]));
}
