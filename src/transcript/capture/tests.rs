//! Captures of real files, in pieces, damaged, rewritten and interrupted.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::*;
use crate::model::message::{Message, Usage};
use crate::tool;

/// Remembers in memory.
#[derive(Clone, Default)]
struct Memory {
    rows: BTreeMap<(ToolId, String), Captured>,
    commits: usize,
    /// Says "cancelled" after so many commits.
    stop_after: Option<usize>,
}

impl Ledger for Memory {
    fn captured(&mut self, tool: ToolId, each: &mut dyn FnMut(Captured)) -> Result<()> {
        self.rows.values().filter(|c| c.tool == tool).cloned().for_each(each);
        Ok(())
    }

    fn owner(&mut self, id: &TranscriptId) -> Result<Option<(ToolId, String, HostName)>> {
        let mut all = self.rows.values();
        let found = all.find(|c| c.row.as_ref().is_some_and(|row| row.id == *id));
        Ok(found.map(|c| (c.tool, c.native_id.clone(), c.host.clone())))
    }

    fn commit(&mut self, captured: &Captured) -> Result<()> {
        self.commits += 1;
        self.rows.insert((captured.tool, captured.native_id.clone()), captured.clone());
        Ok(())
    }

    fn progress(&mut self, _: Pace, _: ToolId) {}

    fn cancelled(&self) -> bool {
        self.stop_after.is_some_and(|n| self.commits >= n)
    }
}

/// A home of a tool, and where it is captured to.
struct Place {
    dir: tempfile::TempDir,
    tool: &'static dyn Tool,
    ledger: Memory,
}

impl Place {
    fn new(tool: ToolId) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir(dir.path().join("sessions")).expect("made");
        Self { dir, tool: tool::get(tool).expect("a tool"), ledger: Memory::default() }
    }

    /// A Claude Code home with one session file of this content.
    fn claude(content: &[u8]) -> Self {
        let place = Self::new(ToolId::ClaudeCode);
        place.write(content);
        place
    }

    fn file(&self) -> PathBuf {
        let home = self.dir.path().join("home");
        match self.tool.id() {
            ToolId::Codex => home.join(".codex/sessions/2026/11/21/rollout-2026-11-21T00-00-00-01a1fbb6-03d9-71e0-8565-9dfd3f63bb0a.jsonl"),
            _ => home.join(".claude/projects/-p/11111111-2222-4333-8444-555555555555.jsonl"),
        }
    }

    fn write(&self, content: &[u8]) {
        let file = self.file();
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, content).expect("written");
    }

    fn sessions(&self) -> PathBuf {
        self.dir.path().join("sessions")
    }

    fn try_capture(&mut self) -> Result<ToolReport> {
        let env = Env::of([("HOME", self.dir.path().join("home"))]);
        run(self.tool, &env, &self.sessions(), &HostName::local(), &mut self.ledger)
    }

    fn capture(&mut self) -> Counts {
        let report = self.try_capture().expect("captured");
        assert!(report.failed.is_empty(), "{:?}", report.failed);
        report.counts
    }

    /// The messages of the only transcript.
    fn messages(&self) -> Vec<Message> {
        let row = self.ledger.rows.values().find_map(|c| c.row.clone());
        let Some(row) = row else { return Vec::new() };
        let path = sfs::messages_file(&self.sessions(), &row.id);
        let text = fs::read_to_string(path).expect("messages");
        let all: Vec<Message> = text.lines().map(|l| serde_json::from_str(l).expect("a message")).collect();
        assert_eq!(row.messages, all.len() as u64);
        let manifest = fs::read(sfs::folder(&self.sessions(), &row.id).join("manifest.json"));
        let manifest: Value = serde_json::from_slice(&manifest.expect("a manifest")).expect("JSON");
        assert_eq!(manifest["stats"]["message_count"], all.len());
        all
    }

    fn ids(&self) -> Vec<String> {
        self.messages().into_iter().map(|m| m.msg_id).collect()
    }

    /// The messages without their usage, and all of their usage. Codex writes usage in a line of its
    /// own; if a capture ends between an answer and that line, the next answer gets it.
    fn substance(&self) -> (Vec<Message>, Usage) {
        let mut sum = self
            .ledger
            .rows
            .values()
            .next()
            .map(|c| serde_json::from_str::<Saved>(&c.progress).expect("ours").progress.head.unclaimed)
            .unwrap_or_default();
        let all = self.messages().into_iter().map(|mut message| {
            sum = sum.plus(message.usage.take().unwrap_or_default());
            message
        });
        (all.collect(), sum)
    }
}

fn fixture(path: &str) -> Vec<u8> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tools").join(path);
    let mut todo = vec![dir];
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(fs::read_dir(path).expect("a folder").map(|e| e.expect("an entry").path()));
        } else if path.extension().is_some_and(|e| e == "jsonl") {
            return fs::read(path).expect("read");
        }
    }
    panic!("no session file")
}

#[test]
fn cut_anywhere_and_completed_is_the_same_as_captured_at_once() {
    let samples = [
        (ToolId::ClaudeCode, "claude-code/tools-git/home/.claude/projects"),
        (ToolId::ClaudeCode, "claude-code/v1.0.128-mixed/home/.claude/projects"),
        (ToolId::ClaudeCode, "claude-code/killed-midturn/home/.claude/projects"),
        (ToolId::Codex, "codex/tools/dot-codex/sessions"),
        (ToolId::Codex, "codex/cli-0.42/dot-codex/sessions"),
        (ToolId::Codex, "codex/cli-0.27/dot-codex/sessions"),
        (ToolId::Codex, "codex/killed/dot-codex/sessions"),
    ];
    for (tool, path) in samples {
        let bytes = fixture(path);
        let mut whole = Place::new(tool);
        whole.write(&bytes);
        whole.capture();
        let (wanted, usage) = whole.substance();
        assert!(!wanted.is_empty(), "{path}");
        let near_end = (bytes.len().saturating_sub(40)..bytes.len()).step_by(7);
        for cut in (0..bytes.len()).step_by(bytes.len() / 25 + 1).chain(near_end) {
            let mut pieces = Place::new(tool);
            pieces.write(&bytes[..cut]);
            let first = pieces.capture();
            assert_eq!(first.skipped_lines, 0, "{path} cut at {cut}");
            pieces.write(&bytes);
            let second = pieces.capture();
            let (all, sum) = pieces.substance();
            for (one, other) in all.iter().zip(&wanted) {
                assert_eq!(one, other, "{path} cut at {cut}");
            }
            assert_eq!((all.len(), sum), (wanted.len(), usage), "{path} cut at {cut}");
            assert_eq!(first.messages + second.messages, wanted.len() as u64, "{path} cut at {cut}");
            assert!(first.bytes_read + second.bytes_read <= bytes.len() as u64, "read twice: {path} {cut}");
            assert_eq!(pieces.capture(), Counts::default(), "{path} cut at {cut}");
        }
    }
}

#[test]
fn rubbish_in_the_middle_is_skipped_and_counted() {
    let bytes = fixture("claude-code/tools-git/home/.claude/projects");
    let mut clean = Place::claude(&bytes);
    clean.capture();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
    let rubbish: [&[u8]; 5] =
        [b"\xff\xfe\x00\x01\n", b"\"\"\n", b"{\"type\":\"user\",\"uu\n", b"[1,2]\n", b"null\n"];
    let mut dirty = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        dirty.extend_from_slice(line);
        if i % 7 == 3 {
            dirty.extend_from_slice(rubbish[(i / 7) % rubbish.len()]);
            // A blank line says nothing, and is nothing to count.
            dirty.extend_from_slice(b" \n");
        }
    }
    let mut place = Place::claude(&dirty);
    let counts = place.capture();
    assert_eq!(counts.skipped_lines, lines.len() as u64 / 7 + u64::from(lines.len() % 7 > 3));
    assert_eq!(place.messages(), clean.messages());
}

#[test]
fn a_file_written_anew_repeats_no_message_and_loses_none() {
    let bytes = fixture("claude-code/compact/home/.claude/projects");
    let mut place = Place::claude(&bytes);
    place.capture();
    let before = place.ids();
    let text = String::from_utf8(bytes).expect("UTF-8");
    // The tool drops its first lines, changes one and adds one.
    let mut lines: Vec<String> = text.lines().skip(3).map(str::to_owned).collect();
    lines.push(
        r#"{"type":"user","uuid":"new","parentUuid":null,"timestamp":"2026-11-22T00:00:00.000Z","message":{"role":"user","content":"One more"}}"#
            .to_owned(),
    );
    place.write((lines.join("\n") + "\n").as_bytes());
    let counts = place.capture();
    assert_eq!((counts.messages, counts.sessions_new, counts.sessions_updated), (1, 0, 1));
    let after = place.ids();
    assert_eq!(after[..before.len()], before[..], "history is only ever appended to");
    assert_eq!(after.last().map(String::as_str), Some("new"));
    assert_eq!(place.capture(), Counts::default());
}

#[test]
fn a_transcript_that_the_disk_lost_a_part_of_is_read_again() {
    let bytes = fixture("claude-code/tools-git/home/.claude/projects");
    let mut place = Place::claude(&bytes);
    place.capture();
    let before = place.messages();
    let row = place.ledger.rows.values().find_map(|c| c.row.clone()).expect("captured");
    let path = sfs::messages_file(&place.sessions(), &row.id);
    let whole = fs::read(&path).expect("there");
    for left in [whole.len() / 3, 0] {
        // The power failed: the record was on the disk before the end of the file.
        fs::write(&path, &whole[..left]).expect("cut");
        assert!(place.capture().messages > 0, "the tool's own file has not changed");
        assert_eq!(place.messages(), before);
    }
    assert_eq!(place.capture(), Counts::default());
}

#[test]
fn what_the_tool_deletes_stays_here() {
    let bytes = fixture("claude-code/qa-simple/home/.claude/projects");
    let mut place = Place::claude(&bytes);
    place.capture();
    let before = place.messages();
    fs::remove_file(place.file()).expect("removed");
    assert_eq!(place.capture(), Counts::default());
    assert_eq!(place.messages(), before);
    // And when it comes back, nothing is new.
    place.write(&bytes);
    assert_eq!(place.capture().messages, 0);
    assert_eq!(place.messages(), before);
}

#[test]
fn killed_before_the_record_or_with_the_record_lost_nothing_is_lost_or_doubled() {
    for (tool, path) in [
        (ToolId::ClaudeCode, "claude-code/tools-git/home/.claude/projects"),
        (ToolId::Codex, "codex/tools/dot-codex/sessions"),
    ] {
        let bytes = fixture(path);
        let mut whole = Place::new(tool);
        whole.write(&bytes);
        whole.capture();
        let (wanted, usage) = whole.substance();

        let mut place = Place::new(tool);
        place.write(&bytes[..bytes.len() / 2]);
        place.capture();
        let recorded = place.ledger.clone();
        place.write(&bytes);
        place.capture();
        // Everything reached the disk but the record.
        place.ledger = recorded;
        place.capture();
        assert_eq!(place.substance(), (wanted.clone(), usage), "{path}");

        // The record is lost as a whole, and the last append was torn.
        place.ledger = Memory::default();
        let folder = fs::read_dir(place.sessions()).expect("sessions").flatten().find(|e| e.path().is_dir());
        let file = folder.expect("a transcript").path().join("messages.jsonl");
        let length = fs::metadata(&file).expect("there").len();
        fs::File::options().write(true).open(&file).and_then(|f| f.set_len(length - 5)).expect("torn");
        place.capture();
        let (again, _) = place.substance();
        assert_eq!(again, wanted, "{path}");
        assert_eq!(place.ledger.rows.len(), 1);

        // Somebody removed the folder.
        fs::remove_dir_all(file.parent().expect("a folder")).expect("removed");
        place.write(&[bytes.as_slice(), b"{\"type\":\"mode\"}\n"].concat());
        place.capture();
        assert!(place.messages().len() >= wanted.len(), "{path}");
    }
}

#[test]
fn a_cancelled_capture_goes_on_where_it_stopped() {
    let line = |i: usize| {
        let filler = "x".repeat(40_000);
        format!(
            r#"{{"type":"user","uuid":"u{i}","timestamp":"2026-11-22T00:00:00.000Z","message":{{"role":"user","content":"{i} {filler}"}}}}"#
        )
    };
    let bytes = (0..600).map(line).collect::<Vec<_>>().join("\n") + "\n";
    let mut place = Place::claude(bytes.as_bytes());
    place.ledger.stop_after = Some(1);
    let error = place.try_capture().expect_err("cancelled");
    assert_eq!(error.code, Code::Cancelled);
    let first = place.messages().len();
    assert!(first > 100 && first < 600, "stopped at a checkpoint in the middle: {first}");
    place.ledger.stop_after = None;
    let counts = place.capture();
    assert_eq!(counts.messages as usize, 600 - first);
    assert!(counts.bytes_read < bytes.len() as u64, "read on from the checkpoint");
    assert_eq!(place.ids(), (0..600).map(|i| format!("u{i}")).collect::<Vec<_>>());
}

#[test]
fn ids_that_belong_to_another_session_are_not_taken() {
    let bytes = fixture("claude-code/qa-simple/home/.claude/projects");
    let mut place = Place::claude(&bytes);
    let other = place.file().with_file_name("11111111-2222-4333-8444-999999999999.jsonl");
    fs::write(&other, fixture("claude-code/thinking/home/.claude/projects")).expect("written");
    assert_eq!(place.capture().sessions_new, 2);
    let ids: Vec<String> =
        place.ledger.rows.values().filter_map(|c| Some(c.row.as_ref()?.id.to_string())).collect();
    assert!(ids.contains(&"ses_1111111122224333".to_owned()), "{ids:?}");
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn what_is_kept_beside_can_be_read_again() {
    let bytes = fixture("claude-code/qa-simple/home/.claude/projects");
    let mut place = Place::claude(&bytes[..bytes.len() / 2]);
    place.capture();
    place.write(&bytes);
    place.capture();
    let captured = place.ledger.rows.values().next().expect("captured");
    let path = sfs::raw_file(&place.sessions(), &captured.row.as_ref().expect("a row").id);
    let frames = fs::read(path).expect("there");
    assert_eq!(frames.len() as u64, captured.raw_length);
    let text = String::from_utf8(zstd::decode_all(frames.as_slice()).expect("zstd")).expect("UTF-8");
    let kept = text.lines().count();
    let said = place.messages().len();
    let all = bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()).count();
    assert_eq!(kept + said, all, "every line is a message or beside");
    assert!(text.lines().all(|line| String::from_utf8_lossy(&bytes).contains(line)), "verbatim");
}
