//! Whatever is in a store, it is read without harm.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::talk::Raw;
use super::thread::Thread;
use crate::model::message::Block;
use crate::tool::Progress;
use crate::tool::testing::{Collector, any_json};

const KEYS: &[&str] = &[
    "id",
    "role",
    "parentID",
    "modelID",
    "providerID",
    "time",
    "created",
    "completed",
    "start",
    "end",
    "tokens",
    "input",
    "output",
    "reasoning",
    "cache",
    "read",
    "write",
    "finish",
    "error",
    "name",
    "data",
    "summary",
    "path",
    "cwd",
    "type",
    "text",
    "synthetic",
    "ignored",
    "metadata",
    "signature",
    "tool",
    "callID",
    "state",
    "status",
    "exit",
    "attachments",
    "mime",
    "url",
    "filename",
    "cost",
    "title",
    "directory",
    "version",
    "permission",
    "model",
    "time_created",
];
const WORDS: &[&str] = &[
    "user",
    "assistant",
    "text",
    "reasoning",
    "tool",
    "file",
    "step-start",
    "patch",
    "agent",
    "compaction",
    "completed",
    "error",
    "running",
    "image/png",
    "data:image/png;base64,AA",
    "file:///a",
    "stop",
    "MessageAbortedError",
    "{}",
    "",
];

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => Map::from_iter([("data".to_owned(), other)]),
    }
}

proptest! {
    #[test]
    fn any_rows_can_be_read(
        info in any_json(KEYS, WORDS),
        about in any_json(KEYS, WORDS),
        parts in prop::collection::vec(any_json(KEYS, WORDS), 0..6),
        followed in any::<bool>(),
    ) {
        let mut thread = Thread::new("opencode", &Progress::default());
        thread.about(super::talk::about(object(about)));
        let mut info = object(info);
        info.insert("id".into(), "m".into());
        let with_id = |(at, part): (usize, Value)| {
            let mut part = object(part);
            part.insert("id".into(), format!("p{at}").into());
            part
        };
        let parts: Vec<_> = parts.into_iter().enumerate().map(with_id).collect();
        let calls = parts.iter().filter(|p| p.get("type") == Some(&"tool".into())).count();
        let texts = parts.iter().filter(|p| p.get("type") == Some(&"text".into())).count();
        let raw = Raw { info, parts };
        let empty = raw.is_empty();
        let mut sink = Collector::default();
        let taken = thread.take(raw, followed, &mut sink).expect("taken");
        prop_assert!(sink.messages.iter().all(|m| !m.content.is_empty()));
        if taken && !empty {
            let blocks: Vec<&Block> = sink.messages.iter().flat_map(|m| &m.content).collect();
            prop_assert_eq!(blocks.iter().filter(|b| matches!(b, Block::ToolUse { .. })).count(), calls);
            let said = blocks.iter().filter(|b| matches!(b, Block::Text { .. } | Block::Summary { .. })).count();
            prop_assert!(said >= texts);
        }
        let mut progress = Progress::default();
        thread.save(&mut progress, true);
    }
}

#[test]
fn an_answer_without_an_end_waits_unless_its_process_is_long_gone() {
    let take = |created: i64, followed: bool| {
        let info = object(json!({"id": "m", "role": "assistant", "time": {"created": created}}));
        let parts = vec![object(json!({"id": "p", "type": "text", "text": "half"}))];
        let mut sink = Collector::default();
        let mut thread = Thread::new("opencode", &Progress::default());
        thread.take(Raw { info, parts }, followed, &mut sink).expect("taken");
        (sink.messages.len(), thread.memo.waiting)
    };
    let future = 4_000_000_000_000;
    assert_eq!(take(future, false), (0, true));
    assert_eq!(take(future, true), (1, false), "another answer follows");
    assert_eq!(take(1_000_000_000_000, false), (1, false));
}

#[test]
fn two_of_one_name_are_no_versions_of_each_other() {
    let mut progress = Progress::default();
    let mut sink = Collector::default();
    for _ in 0..2 {
        let mut thread = Thread::new("opencode", &progress);
        for text in ["one", "two"] {
            let info = object(json!({"id": "m", "role": "user", "time": {"created": 1}}));
            let parts = vec![object(json!({"id": "p", "type": "text", "text": text}))];
            assert!(thread.take(Raw { info, parts }, true, &mut sink).expect("taken"));
        }
        thread.save(&mut progress, true);
    }
    let ids: Vec<&str> = sink.messages.iter().map(|m| m.msg_id.as_str()).collect();
    assert_eq!(ids, ["m", "m#2"], "read twice, sent once");
}
