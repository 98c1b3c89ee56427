//! Whatever is in a file, it is read without harm.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::message::Block;
use crate::tool::Source;
use crate::tool::testing::{Collector, any_line};

/// Reads bytes as one rollout file.
fn read(bytes: &[u8], ending: &str) -> Collector {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join(format!("rollout-x.{ending}"));
    std::fs::write(&path, bytes).expect("written");
    let source = Source { key: "rollout".into(), path };
    let session = Session { native_id: "s".into(), sources: vec![source], title: None };
    let mut sink = Collector::default();
    Codex.read(&session, Progress::default(), &mut sink).expect("read");
    sink
}

const KEYS: &[&str] = &[
    "type",
    "payload",
    "timestamp",
    "id",
    "role",
    "content",
    "text",
    "call_id",
    "name",
    "arguments",
    "output",
    "input",
    "summary",
    "encrypted_content",
    "item",
    "usage",
    "info",
    "total_token_usage",
    "input_tokens",
    "output_tokens",
    "forked_from_id",
    "history_base",
    "source",
    "error",
    "message",
    "turn_id",
    "started_at",
    "git",
    "image_url",
];
const WORDS: &[&str] = &[
    "session_meta",
    "response_item",
    "event_msg",
    "turn_context",
    "compacted",
    "message",
    "reasoning",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "item_completed",
    "token_count",
    "task_started",
    "task_complete",
    "token_usage_record",
    "user",
    "assistant",
    "2026-11-21T01:00:00.000Z",
    "CommandExecution",
    "data:x;base64,AA",
    "{\"output\":\"x\",\"metadata\":{\"exit_code\":1}}",
];

proptest! {
    #[test]
    fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        for ending in ["jsonl", "jsonl.zst", "json"] {
            read(&bytes, ending);
        }
    }

    #[test]
    fn any_objects_can_be_read(lines in prop::collection::vec(any_line(KEYS, WORDS), 0..12)) {
        let sink = read(lines.join("\n").as_bytes(), "jsonl");
        prop_assert_eq!(sink.skipped, 0);
        prop_assert!(sink.messages.iter().all(|m| !m.content.is_empty()));
        read(format!("{{\"session\":{{}},\"items\":[{}]}}", lines.join(",")).as_bytes(), "json");
    }
}

#[test]
fn the_same_words_twice_are_two_messages() {
    let item = json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "yes"}]});
    let text = format!("{{\"id\":\"x\",\"timestamp\":\"2026-11-21T01:00:00.000Z\"}}\n{item}\n{item}\n");
    let sink = read(text.as_bytes(), "jsonl");
    assert_eq!(sink.messages.len(), 2, "lines of 0.27 have neither time nor id");
    assert_ne!(sink.messages[0].msg_id, sink.messages[1].msg_id);
}

#[test]
fn commands_inside_a_script_are_kept_and_others_not_repeated() {
    let line = |kind: &str, payload: serde_json::Value| {
        json!({"timestamp": "2026-11-21T01:00:00.000Z", "type": kind, "payload": payload}).to_string()
    };
    let command = |id: &str| {
        line("event_msg", json!({"type": "item_completed", "item": {"type": "CommandExecution", "id": id}}))
    };
    let call = line(
        "response_item",
        json!({"type": "custom_tool_call", "name": "exec", "call_id": "c1", "input": "tools.exec_command()"}),
    );
    let text = [call, command("c1"), command("exec-9")].join("\n") + "\n";
    let sink = read(text.as_bytes(), "jsonl");
    assert_eq!(sink.messages.len(), 2);
    assert!(matches!(&sink.messages[1].content[0], Block::Other(map) if map["value"]["id"] == "exec-9"));
}
