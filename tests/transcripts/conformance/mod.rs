//! Conformance: what each tool really sent, as `case.json` tells it, against what was captured, for
//! every sample store and through the real program.
//!
//! A comparison takes what it compares out of the case ([`Case::take`]). What nobody took is an error:
//! a field that is added to a case has to be compared, or named as one that cannot be.

mod chats;
mod claude_code;
mod codex;
mod handmade;
mod parts;
mod table;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;

use super::{
    assert_canonical, assert_settled, cases, fixtures, home_of, lines, messages, prompts, row, rows,
};
use crate::support::Sandbox;

/// Every tool and how many samples it has.
const SAMPLES: [(&str, usize); 10] = [
    ("amp", 2),
    ("claude-code", 13),
    ("cline", 3),
    ("codex", 22),
    ("copilot", 8),
    ("cursor", 2),
    ("gemini", 15),
    ("kilo-code", 2),
    ("opencode", 3),
    ("roo-code", 2),
];

/// What a case says, and what of it was compared.
struct Case {
    tool: String,
    name: String,
    value: Value,
    taken: RefCell<BTreeSet<String>>,
}

impl Case {
    fn load(tool: &str, name: &str) -> Self {
        let (tool, name) = (tool.to_owned(), name.to_owned());
        let value = super::case(&tool, &name);
        Self { tool, name, value, taken: RefCell::default() }
    }

    /// A value, which is compared as a whole. Null when there is none.
    fn take(&self, pointer: &str) -> &Value {
        self.taken.borrow_mut().insert(pointer.to_owned());
        self.value.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// A value that is only looked at.
    fn look(&self, pointer: &str) -> &Value {
        self.value.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The keys of an object, in order.
    fn keys(&self, pointer: &str) -> Vec<String> {
        self.look(pointer).as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default()
    }

    /// The pointers of the items of a list.
    fn items(&self, pointer: &str) -> Vec<String> {
        let list = self.look(pointer).as_array().map_or(0, Vec::len);
        (0..list).map(|at| format!("{pointer}/{at}")).collect()
    }

    /// Values that nobody compared.
    fn left(&self) -> Vec<String> {
        let mut out = Vec::new();
        let mut todo = vec![(String::new(), &self.value)];
        while let Some((pointer, value)) = todo.pop() {
            if self.taken.borrow().contains(&pointer) {
                continue;
            }
            let key = |key: &str| format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
            match value {
                Value::Object(map) => todo.extend(map.iter().map(|(k, v)| (key(k), v))),
                Value::Array(list) => {
                    todo.extend(list.iter().enumerate().map(|(k, v)| (key(&k.to_string()), v)));
                }
                _ => out.push(pointer),
            }
        }
        out
    }
}

/// A store that was captured.
struct Captured {
    sandbox: Sandbox,
    rows: Vec<Value>,
}

impl Captured {
    /// The transcript of a session; `None` when there is none.
    fn find(&self, native_id: &str) -> Option<Talk<'_>> {
        let row = self.rows.iter().find(|r| r["native_id"] == native_id)?;
        Some(Talk { captured: self, said: messages(&self.sandbox, row), row })
    }

    fn talk(&self, native_id: &str) -> Talk<'_> {
        self.find(native_id).unwrap_or_else(|| panic!("no row of {native_id}: {:?}", self.rows))
    }
}

/// A transcript.
struct Talk<'a> {
    captured: &'a Captured,
    row: &'a Value,
    /// Its messages, as `show` gives them.
    said: Vec<Value>,
}

impl Talk<'_> {
    /// Its blocks of a kind.
    fn blocks(&self, kind: &str) -> Vec<&Value> {
        let blocks = self.said.iter().flat_map(|m| m["blocks"].as_array().expect("blocks"));
        blocks.filter(|b| b["type"] == kind).collect()
    }

    fn count(&self, kind: &str) -> u64 {
        self.blocks(kind).len() as u64
    }

    /// Names of the tools that were called, in order.
    fn calls(&self) -> Vec<&str> {
        self.blocks("tool_use").iter().map(|b| b["name"].as_str().expect("a name")).collect()
    }

    /// Results that are marked as failures.
    fn errors(&self) -> u64 {
        self.blocks("tool_result").iter().filter(|b| b["is_error"] == true).count() as u64
    }

    fn prompts(&self) -> Vec<String> {
        prompts(&self.said)
    }

    /// Messages of a role.
    fn role(&self, role: &str) -> u64 {
        self.said.iter().filter(|m| m["role"] == role).count() as u64
    }

    fn manifest(&self) -> Value {
        let id = self.row["id"].as_str().expect("an id");
        self.captured.sandbox.json(&["show", id])["manifest"].clone()
    }

    /// What only we keep of it.
    fn own(&self) -> Value {
        self.manifest()["metadata"]["sf"].clone()
    }

    /// The tool's id of the session that it comes from.
    fn parent(&self) -> Option<&str> {
        let parent = self.row["parent"].as_str()?;
        let row = self.captured.rows.iter().find(|r| r["id"] == parent).expect("a parent in the list");
        row["native_id"].as_str()
    }

    /// The lines of its file.
    fn lines(&self) -> Vec<Value> {
        lines(&self.captured.sandbox, self.row)
    }
}

/// What tells how a sample was made. Of a file only that it is there.
const ABOUT: [&str; 16] = [
    "tool",
    "version",
    "cli_version",
    "case",
    "what",
    "note",
    "origin",
    "platform",
    "home",
    "changed",
    "commands",
    "shape",
    "main_db_bytes",
    "wal_bytes",
    "list_sessions_stdout",
    "secrets",
];

/// Captures a sample with `capture`; one without a home is a set of exports, which are imported.
fn captured(case: &Case, capture: impl FnOnce(&Sandbox)) -> Captured {
    let dir = fixtures(&case.tool).join(&case.name);
    if dir.join("home").exists() || dir.join("dot-codex").exists() {
        let sandbox = home_of(&case.tool, &case.name);
        capture(&sandbox);
        return Captured { rows: rows(&sandbox), sandbox };
    }
    let sandbox = Sandbox::new();
    let mut files: Vec<String> = std::fs::read_dir(&dir)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path().to_string_lossy().into_owned())
        .filter(|path| !path.ends_with("case.json"))
        .collect();
    files.sort();
    let args: Vec<&str> = std::iter::once("import").chain(files.iter().map(String::as_str)).collect();
    let report = sandbox.json(&args);
    assert_eq!(report["skipped_lines"], 0, "{} {}", case.tool, case.name);
    Captured { rows: rows(&sandbox), sandbox }
}

/// Every file of a home: bytes, time of the last change, links and sizes.
fn stamps(sandbox: &Sandbox) -> Vec<(PathBuf, std::time::SystemTime, Vec<u8>)> {
    let stamp = |(path, bytes): (PathBuf, Vec<u8>)| {
        let meta = std::fs::symlink_metadata(&path).expect("there");
        (path, meta.modified().expect("a time"), bytes)
    };
    super::tree(&sandbox.home()).into_iter().map(stamp).collect()
}

fn compare(case: &Case, captured: &Captured) {
    if case.look("/from_request_log").is_array() {
        claude_code::compare(case, captured);
    } else if case.look("/sessions/0/in_request_log").is_boolean() {
        codex::compare(case, captured);
    } else if case.look("/sessions/0/events").is_array() {
        chats::copilot(case, captured);
    } else if case.look("/sessions/0/projectHash").is_string() {
        chats::gemini(case, captured);
    } else if case.look("/message_files").is_object() {
        parts::cline(case, captured);
    } else if case.look("/sessions").is_object() {
        parts::opencode(case, captured);
    } else {
        handmade::compare(case, captured);
    }
}

/// One tool's samples, one after the other.
fn conforms(tool: &str) {
    let names = cases(tool);
    let (_, count) = SAMPLES.iter().find(|(known, _)| *known == tool).expect("a tool");
    assert_eq!(names.len(), *count, "{tool}: {names:?}");
    for name in names {
        let case = Case::load(tool, &name);
        for about in ABOUT {
            case.take(&format!("/{about}"));
        }
        let captured = captured(&case, |sandbox| {
            let before = stamps(sandbox);
            let report = sandbox.json(&["capture"]);
            assert_eq!(report["skipped_lines"], 0, "{tool} {name}");
            assert_settled(sandbox);
            assert_eq!(before, stamps(sandbox), "{tool} {name}: the store is only read");
        });
        assert!(!captured.rows.is_empty(), "{tool} {name}");
        for row in &captured.rows {
            assert_eq!(row["tool"], tool, "{name}");
            assert_canonical(&captured.sandbox, row);
        }
        compare(&case, &captured);
        let left = case.left();
        assert!(left.is_empty(), "{tool} {name}: nobody compared {left:?}");
    }
}

/// A test for each tool, so that they run beside each other.
macro_rules! conforms {
    ($($test:ident: $tool:literal,)*) => {
        $(
            #[test]
            fn $test() {
                conforms($tool);
            }
        )*

        #[test]
        fn every_tool_has_its_samples_compared() {
            let tested = BTreeSet::from([$($tool),*]);
            assert_eq!(tested, SAMPLES.map(|(tool, _)| tool).into());
            let there = std::fs::read_dir(fixtures("")).expect("samples");
            let there: BTreeSet<String> = there.map(|e| e.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
            assert_eq!(tested, there.iter().map(String::as_str).collect());
        }
    };
}

conforms! {
    amp: "amp",
    claude_code_: "claude-code",
    cline: "cline",
    codex_: "codex",
    copilot: "copilot",
    cursor: "cursor",
    gemini: "gemini",
    kilo_code: "kilo-code",
    opencode: "opencode",
    roo_code: "roo-code",
}

/// Texts of a list, in order.
fn texts(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .map(|list| list.iter().map(|t| t.as_str().expect("a text")).collect())
        .unwrap_or_default()
}

/// How often each name occurs.
fn tally<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeMap<&'a str, u64> {
    let mut out = BTreeMap::new();
    for name in names {
        *out.entry(name).or_default() += 1;
    }
    out
}
