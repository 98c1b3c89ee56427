//! Databases of any content: whatever is in a row, the others are read and nothing panics.

use std::path::Path;

use proptest::prelude::*;
use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};
use session_forge::error::Result;
use session_forge::model::ToolId;
use session_forge::model::message::Message;
use session_forge::tool::{self, Progress, Sink, Skipped};

/// Collects everything.
#[derive(Default)]
struct Collector {
    messages: Vec<Message>,
    progress: Progress,
}

impl Sink for Collector {
    fn message(&mut self, message: Message) -> Result<bool> {
        let new = !self.holds(&message.msg_id);
        if new {
            self.messages.push(message);
        }
        Ok(new)
    }

    fn holds(&self, msg_id: &str) -> bool {
        self.messages.iter().any(|m| m.msg_id == msg_id)
    }

    fn elsewhere(&mut self, _: &str, _: &str) -> Option<String> {
        None
    }

    fn beside(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn read(&mut self, _: u64) {}

    fn skipped(&mut self, _: Skipped) {}

    fn checkpoint(&mut self, progress: &Progress) -> Result<()> {
        self.progress = progress.clone();
        Ok(())
    }
}

/// Everything that a tool says below a root; read twice, and the second time nothing is new.
fn read(id: ToolId, root: &Path) -> Vec<Message> {
    let tool = tool::get(id).expect("a tool");
    let mut all = Vec::new();
    for session in tool.find(root).expect("found") {
        let mut sink = Collector::default();
        tool.read(&session, Progress::default(), &mut sink).expect("read");
        let first = sink.messages.len();
        let progress = sink.progress.clone();
        tool.read(&session, progress, &mut sink).expect("read again");
        assert_eq!(sink.messages.len(), first, "{:?}", sink.messages);
        all.append(&mut sink.messages);
    }
    let left_out = tool.finish(root);
    assert!(left_out.is_empty(), "{left_out:?}");
    assert!(all.iter().all(|m| !m.content.is_empty()));
    all
}

const WORDS: &[&str] = &[
    "_v",
    "role",
    "user",
    "assistant",
    "tool",
    "content",
    "type",
    "text",
    "time",
    "created",
    "completed",
    "error",
    "tokens",
    "input",
    "cache",
    "state",
    "status",
    "output",
    "metadata",
    "callID",
    "composerId",
    "allComposers",
    "name",
    "createdAt",
    "fullConversationHeadersOnly",
    "conversation",
    "conversationMap",
    "bubbleId",
    "b0",
    "b1",
    "generatingBubbleIds",
    "generating",
    "lastUpdatedAt",
    "workspaceIdentifier",
    "uri",
    "external",
    "file:///a",
    "subagentInfo",
    "parentComposerId",
    "usageData",
    "costInCents",
    "modelConfig",
    "modelName",
    "toolFormerData",
    "rawArgs",
    "result",
    "tool-call",
    "toolCallId",
    "args",
    "<user_query>x</user_query>",
    "providerOptions",
    "cursor",
    "isDraft",
    "{\"a\":1}",
];

fn any_json() -> impl Strategy<Value = Value> {
    let word = || prop::sample::select(WORDS);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..6).prop_map(|pairs| pairs
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v))
                .collect::<Map<_, _>>()
                .into()),
        ]
    })
}

/// A value as it may stand in a column: JSON, damaged JSON, bytes, or nothing.
fn any_cell() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop_oneof![
        8 => any_json().prop_map(|v| Some(v.to_string().into_bytes())),
        1 => any_json().prop_map(|v| v.to_string().into_bytes().split_last().map(|(_, most)| most.to_vec())),
        1 => prop::collection::vec(any::<u8>(), 0..20).prop_map(Some),
        1 => Just(None),
    ]
}

fn open(path: &Path) -> Connection {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    Connection::open(path).expect("opened")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn of_opencode(session in any_json(), message in any_cell(), parts in prop::collection::vec(any_cell(), 0..4)) {
        let dir = tempfile::tempdir().expect("a folder");
        let db = open(&dir.path().join("opencode.db"));
        db.execute_batch(
            "create table session(id text primary key, parent_id, title, directory, model, time_created, time_updated, odd);
             create table message(id text primary key, session_id, time_updated integer, data);
             create table part(id text primary key, message_id, session_id, time_updated integer, data);
             insert into message values ('m0', 's', 1, '{\"role\":\"user\",\"time\":{\"created\":1}}');
             insert into part values ('p', 'm0', 's', 1, '{\"type\":\"text\",\"text\":\"sound\"}');",
        ).expect("made");
        let text = session.to_string();
        db.execute("insert into session values ('s', null, ?1, ?1, ?1, 5, ?1, ?1)", [&text]).expect("written");
        db.execute("insert into message values ('m1', 's', 2, ?1)", params![message]).expect("written");
        for (at, part) in parts.iter().enumerate() {
            db.execute("insert into part values (?1, 'm1', 's', 2, ?2)", params![format!("q{at}"), part]).expect("written");
        }
        drop(db);
        let all = read(ToolId::Opencode, dir.path());
        prop_assert!(all.iter().any(|m| m.msg_id == "m0"));
    }

    #[test]
    fn of_cursor(
        list in any_cell(),
        header in any_cell(),
        doc in any_json(),
        bubbles in prop::collection::vec(any_cell(), 2),
        blobs in prop::collection::vec(any_cell(), 0..4),
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        let db = open(&dir.path().join("globalStorage/state.vscdb"));
        db.execute_batch(
            "create table ItemTable(key text unique on conflict replace, value blob);
             create table cursorDiskKV(key text unique on conflict replace, value blob);
             create table composerHeaders(composerId text primary key, value text);",
        ).expect("made");
        let sound = json!({"fullConversationHeadersOnly": [{"bubbleId": "b0"}, {"bubbleId": "b1"}, {"bubbleId": "b2"}]});
        let put = |key: &str, value: &dyn rusqlite::ToSql| {
            db.execute("insert into cursorDiskKV values (?1, ?2)", params![key, value]).expect("written");
        };
        put("composerData:sound", &sound.to_string());
        put("composerData:any", &doc.to_string());
        for id in ["sound", "any"] {
            for (at, bubble) in bubbles.iter().enumerate() {
                put(&format!("bubbleId:{id}:b{at}"), bubble);
            }
        }
        put("bubbleId:sound:b2", &json!({"type": 1, "text": "sound"}).to_string());
        db.execute("insert into ItemTable values ('composer.composerHeaders', ?1)", params![list]).expect("written");
        db.execute("insert into composerHeaders values ('any', ?1)", params![header]).expect("written");
        drop(db);
        let store = open(&dir.path().join("chats/x/y/store.db"));
        store.execute_batch("create table blobs(id text, data blob); create table meta(key, value);").expect("made");
        for (at, blob) in blobs.iter().enumerate() {
            store.execute("insert into blobs values (?1, ?2)", params![format!("blob{at}"), blob]).expect("written");
        }
        store.execute("insert into meta values ('0', ?1)", params![header]).expect("written");
        drop(store);
        let all = read(ToolId::Cursor, dir.path());
        prop_assert!(all.iter().any(|m| m.msg_id == "b2"));
    }
}
