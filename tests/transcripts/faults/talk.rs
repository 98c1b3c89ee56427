//! Talks that cannot be: circles, messages without parents, the same id twice, clocks that run
//! backwards. All of it is kept, each message once.

use std::fs;

use serde_json::{Value, json};

use super::everything;
use crate::support::Sandbox;

/// A session of Claude Code with these lines.
fn claude(sandbox: &Sandbox, lines: &[Value]) {
    let dir = sandbox.home().join(".claude/projects/-p");
    fs::create_dir_all(&dir).expect("made");
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(dir.join(format!("{ID}.jsonl")), text).expect("written");
}

const ID: &str = "11111111-2222-4333-8444-555555555555";

fn said(uuid: &str, parent: Option<&str>, at: &str, text: &str) -> Value {
    json!({"type": "user", "uuid": uuid, "parentUuid": parent, "timestamp": at, "sessionId": ID,
        "message": {"role": "user", "content": text}})
}

const AT: &str = "2026-11-20T10:00:00.000Z";

fn captured(lines: &[Value]) -> (Sandbox, Vec<String>) {
    let sandbox = Sandbox::new();
    claude(&sandbox, lines);
    let _ = sandbox.json(&["capture"]);
    let rows = crate::transcripts::rows(&sandbox);
    assert_eq!(rows.len(), 1);
    crate::transcripts::assert_canonical(&sandbox, &rows[0]);
    crate::transcripts::assert_settled(&sandbox);
    let lines = crate::transcripts::lines(&sandbox, &rows[0]);
    let texts =
        lines.iter().map(|line| line["content"][0]["text"].as_str().expect("text").to_owned()).collect();
    (sandbox, texts)
}

#[test]
fn a_circle_of_parents() {
    let lines =
        [said("a", Some("b"), AT, "one"), said("b", Some("a"), AT, "two"), said("c", Some("c"), AT, "three")];
    assert_eq!(captured(&lines).1, ["one", "two", "three"]);
}

#[test]
fn parents_that_are_nowhere() {
    let lines = [said("a", Some("gone"), AT, "one"), said("b", Some("later"), AT, "two")];
    assert_eq!(captured(&lines).1, ["one", "two"]);
}

#[test]
fn the_same_id_twice_is_one_message() {
    let lines = [said("a", None, AT, "one"), said("a", None, AT, "one"), said("b", Some("a"), AT, "two")];
    let (sandbox, texts) = captured(&lines);
    assert_eq!(texts, ["one", "two"]);
    assert_eq!(everything(&sandbox.sf_home())[ID].len(), 2);
}

#[test]
fn a_clock_that_runs_backwards() {
    let times =
        [AT, "2026-11-20T09:00:00.000Z", "1969-12-31T23:59:59.000Z", "2199-01-01T00:00:00Z", "soon", ""];
    let lines: Vec<Value> = times
        .iter()
        .enumerate()
        .map(|(at, time)| said(&format!("u{at}"), None, time, &format!("word{at}")))
        .collect();
    let (sandbox, texts) = captured(&lines);
    assert_eq!(texts, ["word0", "word1", "word2", "word3", "word4", "word5"]);
    for at in 0..times.len() {
        assert_eq!(sandbox.json(&["search", &format!("word{at}")])["total"], 1, "word{at}");
    }
    let row = &crate::transcripts::rows(&sandbox)[0];
    assert!(row["created"].as_str() <= row["updated"].as_str(), "{row}");
}
