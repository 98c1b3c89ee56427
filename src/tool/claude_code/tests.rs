//! Whatever is in a file, it is read without harm.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::tool::testing::{Collector, any_json, any_line};

/// Reads bytes as one session file.
fn read(bytes: &[u8]) -> Collector {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("11111111-2222-4333-8444-555555555555.jsonl");
    std::fs::write(&path, bytes).expect("written");
    let source = Source { key: "projects/p/s.jsonl".into(), path };
    let session = Session { native_id: "s".into(), sources: vec![source], title: None };
    let mut sink = Collector::default();
    ClaudeCode.read(&session, Progress::default(), &mut sink).expect("read");
    sink
}

const KEYS: &[&str] = &[
    "type",
    "uuid",
    "parentUuid",
    "logicalParentUuid",
    "timestamp",
    "message",
    "content",
    "role",
    "id",
    "usage",
    "model",
    "isMeta",
    "isSidechain",
    "agentId",
    "toolUseResult",
    "tool_use_id",
    "input",
    "text",
    "source",
    "data",
    "subtype",
    "summary",
    "leafUuid",
    "cwd",
    "error",
    "name",
    "thinking",
    "is_error",
    "customTitle",
];
const WORDS: &[&str] = &[
    "user",
    "assistant",
    "system",
    "attachment",
    "summary",
    "custom-title",
    "text",
    "thinking",
    "tool_use",
    "tool_result",
    "image",
    "base64",
    "redacted_thinking",
    "compact_boundary",
    "2026-11-21T01:00:00.000Z",
    "<persisted-output>\n/x/tool-results/a.txt",
    "a",
];

proptest! {
    #[test]
    fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        read(&bytes);
    }

    #[test]
    fn any_objects_can_be_read(lines in prop::collection::vec(any_line(KEYS, WORDS), 0..12)) {
        let sink = read(lines.join("\n").as_bytes());
        prop_assert_eq!(sink.skipped, 0);
        prop_assert!(sink.messages.iter().all(|m| !m.content.is_empty() && !m.msg_id.is_empty()));
    }

    #[test]
    fn a_talk_with_any_content_keeps_it(content in any_json(KEYS, WORDS)) {
        let line = json!({"type": "user", "uuid": "u", "message": {"role": "user", "content": content}});
        let sink = read(format!("{line}\n").as_bytes());
        prop_assert_eq!(sink.messages.len(), 1);
    }
}

#[test]
fn usage_grows_with_the_largest_record_of_an_answer() {
    let line = |uuid: &str, id: &str, output: u64| {
        json!({"type": "assistant", "uuid": uuid, "timestamp": "2026-11-21T01:00:00.000Z", "message": {
            "id": id, "role": "assistant", "model": "m", "content": [{"type": "text", "text": uuid}],
            "usage": {"input_tokens": 10, "output_tokens": output}}})
        .to_string()
    };
    let text = [line("a", "1", 2), line("b", "2", 5), line("c", "1", 40), line("d", "1", 0)].join("\n");
    let sink = read(text.as_bytes());
    let outputs: Vec<u64> = sink.messages.iter().map(|m| m.usage.unwrap_or_default().output).collect();
    assert_eq!(outputs, [2, 5, 38, 0]);
    let inputs: u64 = sink.messages.iter().map(|m| m.usage.unwrap_or_default().input).sum();
    assert_eq!(inputs, 20);
}

#[test]
fn what_is_not_known_is_kept_as_it_is() {
    let line =
        json!({"type": "progress", "uuid": "p", "parentUuid": null, "data": {"deep": [1, {"er": "é"}]}});
    let sink = read(format!("{line}\n").as_bytes());
    let block = serde_json::to_value(&sink.messages[0].content[0]).expect("JSON");
    assert_eq!(block["value"], line);
    assert!(sink.messages[0].is_meta);
    let progress = sink.progress.expect("a checkpoint");
    assert_eq!(progress.head.metadata.get("unknown_lines"), Some(&Value::from(1)));
}
