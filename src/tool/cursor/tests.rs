//! Whatever is in a bubble, it is read without harm.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::bubble::{Bubble, place};
use crate::model::Time;
use crate::model::message::Block;
use crate::tool::testing::any_json;

const KEYS: &[&str] = &[
    "type",
    "text",
    "richText",
    "createdAt",
    "timingInfo",
    "clientStartTime",
    "tokenCount",
    "inputTokens",
    "outputTokens",
    "thinking",
    "signature",
    "allThinkingBlocks",
    "toolFormerData",
    "toolCallId",
    "name",
    "status",
    "rawArgs",
    "params",
    "result",
    "images",
    "path",
    "data",
    "url",
    "errorDetails",
    "modelInfo",
    "modelName",
    "rawText",
    "modelType",
    "root",
    "children",
    "output",
    "content",
    "exitCode",
];
const WORDS: &[&str] = &[
    "user",
    "ai",
    "completed",
    "loading",
    "error",
    "{\"a\":1}",
    "[1]",
    "{",
    "data:image/png;base64,AA",
    "{\"output\":\"x\",\"exitCodeV2\":3}",
    "{\"content\":[{\"type\":\"text\",\"text\":\"t\"},7]}",
    "paragraph",
    "linebreak",
    "2026-08-17T06:30:37.674Z",
];

fn bubble(value: Value) -> Bubble {
    let map = match value {
        Value::Object(map) => map,
        other => Map::from_iter([("text".to_owned(), other)]),
    };
    Bubble { id: "b".into(), map, header: Map::new() }
}

fn blocks(value: Value) -> Vec<Block> {
    bubble(value).translate(Time(1)).messages.into_iter().flat_map(|m| m.content).collect()
}

proptest! {
    #[test]
    fn any_bubble_can_be_read(kind in 0i64..4, value in any_json(KEYS, WORDS)) {
        let mut bubble = bubble(value);
        if kind > 0 {
            bubble.map.insert("type".into(), kind.into());
        }
        let _ = (bubble.is_open(), bubble.time());
        let said = bubble.map.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
        let known = bubble.is_prompt() || kind == 2;
        let messages = bubble.translate(Time(1)).messages;
        prop_assert!(messages.iter().all(|m| !m.content.is_empty()));
        if known && !said.is_empty() {
            let found = messages.iter().flat_map(|m| &m.content).any(|b| *b == Block::text(said.clone()));
            prop_assert!(found);
        }
    }

    #[test]
    fn any_uri_is_a_place(uri in ".{0,40}") {
        place(&uri);
    }
}

#[test]
fn the_text_of_an_answer_is_found_in_its_forms() {
    let result = |result: &str| {
        let tool =
            json!({"toolCallId": "c", "name": "n", "status": "completed", "rawArgs": "{}", "result": result});
        match blocks(json!({"type": 2, "toolFormerData": tool})).pop() {
            Some(Block::ToolResult { content, exit_code, .. }) => (content, exit_code),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(result(r#"{"output":"a\n","exitCodeV2":3}"#), ("a\n".into(), Some(3)));
    assert_eq!(result(r#"{"content":[{"type":"text","text":"m"}]}"#), ("m".into(), None));
    assert_eq!(result(r#"{"totalLinesInFile":290}"#), (r#"{"totalLinesInFile":290}"#.into(), None));
    assert_eq!(result("no such directory"), ("no such directory".into(), None));
}

#[test]
fn the_words_of_rich_text_count_when_there_is_no_plain_text() {
    let rich = json!({"root": {"type": "root", "children": [
        {"type": "paragraph", "children": [{"type": "text", "text": "one "}, {"type": "mention", "text": "@two"}]},
        {"type": "paragraph", "children": [{"type": "text", "text": "three"}]},
    ]}});
    assert_eq!(
        blocks(json!({"type": 1, "text": "", "richText": rich.to_string()})),
        [Block::text("one @two\nthree")]
    );
}

#[test]
fn places_of_windows() {
    assert_eq!(place("file:///home/dev/my%20app"), (None, "/home/dev/my app".into()));
    assert_eq!(
        place("vscode-remote://ssh-remote%2Bbuildbox/srv/app"),
        (Some("ssh-remote+buildbox".into()), "/srv/app".into())
    );
    assert_eq!(place("file:///w/all.code-workspace"), (None, "/w".into()));
    assert_eq!(place("/plain/100%"), (None, "/plain/100%".into()));
}
