//! Files of lines, and documents.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::Value;
use session_forge::model::ToolId;
use session_forge::sys::Env;
use session_forge::tool::{self, Session, Tool};

use super::change::{Input, any_input, excerpt, shortened, words};
use super::tape::Tape;
use crate::transcripts::{cases, copy, fixtures};

/// Larger files are no samples: an input would take too long.
const LARGEST: u64 = 200_000;
/// Lines of an input.
const LINES: usize = 6;

/// The sessions of some samples of a tool, in a place in memory.
struct Samples {
    tool: &'static dyn Tool,
    _dir: tempfile::TempDir,
    all: Vec<Sample>,
    words: Vec<String>,
}

struct Sample {
    session: Session,
    files: Vec<(PathBuf, Content)>,
}

enum Content {
    Lines(Vec<Value>),
    Document(Value),
}

/// A folder in memory where there is one.
pub fn place() -> tempfile::TempDir {
    let shm = Path::new("/dev/shm");
    let builder = |dir: &Path| tempfile::Builder::new().prefix("sf-fuzz").tempdir_in(dir).expect("a folder");
    if shm.is_dir() { builder(shm) } else { builder(&std::env::temp_dir()) }
}

impl Samples {
    /// Those sessions whose main file has one of these endings.
    fn of(tool: ToolId, endings: &[&str]) -> Self {
        let (tool, dir) = (tool::get(tool).expect("a tool"), place());
        let (mut all, mut known) = (Vec::new(), Vec::new());
        for case in cases(tool.id().as_str()) {
            let from = fixtures(tool.id().as_str()).join(&case);
            let home = dir.path().join(&case);
            match (from.join("home"), from.join("dot-codex")) {
                (whole, _) if whole.exists() => copy(&whole, &home),
                (_, codex) if codex.exists() => copy(&codex, &home.join(".codex")),
                _ => copy(&from, &home.join(".local/share/opencode")),
            }
            let env = Env::of([("HOME", &home)]);
            for root in tool.roots(&env) {
                for session in tool.find(&root).expect("found") {
                    let main = session.sources.first().map(|s| s.path.clone()).unwrap_or_default();
                    if endings.iter().any(|end| main.to_string_lossy().ends_with(end)) {
                        let files = files_of(&session, &home);
                        if !files.is_empty() {
                            all.push(Sample { session, files });
                        }
                    }
                }
            }
        }
        assert!(!all.is_empty(), "no samples of {} {endings:?}", tool.id());
        for (_, content) in all.iter().flat_map(|sample| &sample.files) {
            match content {
                Content::Lines(lines) => lines.iter().for_each(|line| words(line, &mut known)),
                Content::Document(document) => words(document, &mut known),
            }
        }
        known.sort();
        known.dedup();
        Self { tool, _dir: dir, all, words: known }
    }

    /// Reads a sample with one file changed, in one go or as it grows.
    fn read(&self, input: &Input) {
        let sample = &self.all[input.sample as usize % self.all.len()];
        let part = input.part as usize;
        let (path, content) = &sample.files[part % sample.files.len()];
        let donor = match &self.all[(part / 7) % self.all.len()].files[0].1 {
            Content::Lines(lines) => &lines[part % lines.len()],
            Content::Document(document) => document,
        };
        let mut bytes = Vec::new();
        let mut half = None;
        match content {
            Content::Lines(lines) => {
                // The first line says what it is; then some neighbours.
                let from = 1 + part % lines.len().max(2).saturating_sub(1);
                let mut some: Vec<Value> = lines[..1].to_vec();
                some.extend(lines.iter().skip(from).take(LINES).cloned());
                for (at, change) in input.changes.iter().enumerate() {
                    let at = (part / 11 + at) % some.len();
                    change.make(&mut some[at], &self.words, donor);
                }
                for line in some {
                    serde_json::to_writer(&mut bytes, &line).expect("written");
                    bytes.push(b'\n');
                }
                half = part.is_multiple_of(3).then_some(bytes.len() / 2);
            }
            Content::Document(document) => {
                let mut document = excerpt(document, part);
                for change in &input.changes {
                    change.make(&mut document, &self.words, donor);
                }
                serde_json::to_writer(&mut bytes, &document).expect("written");
            }
        }
        if let Some(damage) = input.damage {
            damage.make(&mut bytes);
        }
        let _again = Again { path, original: fs::read(path).expect("read") };
        let mut tape = Tape::default();
        if let Some(half) = half {
            fs::write(path, &bytes[..half.min(bytes.len())]).expect("written");
            tape.read(self.tool, &sample.session);
        }
        fs::write(path, &bytes).expect("written");
        tape.read(self.tool, &sample.session);
        tape.settled(self.tool, &sample.session);
        if part.is_multiple_of(5) {
            let _ = (self.tool.family(&sample.session), self.tool.age(&sample.session));
        }
    }
}

/// Puts a file back as it was, also after a failure.
struct Again<'a> {
    path: &'a Path,
    original: Vec<u8>,
}

impl Drop for Again<'_> {
    fn drop(&mut self) {
        fs::write(self.path, &self.original).expect("written");
    }
}

/// The files that a session is made of.
fn files_of(session: &Session, home: &Path) -> Vec<(PathBuf, Content)> {
    let mut found = Vec::new();
    let mut todo = vec![home.to_owned()];
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(fs::read_dir(&path).expect("a folder").map(|e| e.expect("an entry").path()));
            continue;
        }
        let length = path.metadata().map_or(0, |meta| meta.len());
        let main = session.sources.iter().any(|s| s.path == path);
        if !main && length > LARGEST {
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else { continue };
        if !main && !text.contains(&session.native_id) {
            continue;
        }
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        let content = match ending {
            "jsonl" => {
                let lines = text.lines().filter_map(|l| serde_json::from_str(l).ok());
                let lines: Vec<Value> = lines.map(|line| shortened(&line)).collect();
                (!lines.is_empty()).then_some(Content::Lines(lines))
            }
            "json" => serde_json::from_str(&text).ok().map(Content::Document),
            _ => None,
        };
        found.extend(content.map(|content| (path, content)));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

macro_rules! readers {
    ($($name:ident: $tool:ident $endings:expr;)*) => {$(
        #[test]
        fn $name() {
            let samples = Samples::of(ToolId::$tool, $endings);
            proptest!(|(input in any_input())| { samples.read(&input); });
        }
    )*};
}

readers! {
    lines_of_claude_code_can_be_read: ClaudeCode &[".jsonl"];
    lines_of_codex_can_be_read: Codex &[".jsonl"];
    documents_of_codex_can_be_read: Codex &[".json"];
    lines_of_gemini_can_be_read: Gemini &[".jsonl"];
    documents_of_gemini_can_be_read: Gemini &[".json"];
    lines_of_copilot_can_be_read: Copilot &[".jsonl"];
    documents_of_amp_can_be_read: Amp &[".json"];
    sessions_of_cline_can_be_read: Cline &[".messages.json"];
    tasks_of_cline_can_be_read: Cline &["history.json", "ui_messages.json"];
    tasks_of_roo_code_can_be_read: RooCode &[".json"];
    tasks_of_kilo_code_can_be_read: KiloCode &["history.json", "ui_messages.json"];
    files_of_opencode_can_be_read: Opencode &[".json"];
}
