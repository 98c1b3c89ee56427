//! Messages that a tool writes again with other content.
//!
//! A transcript is only appended to. A message that was changed after it was captured follows as
//! `<msg_id>~2`, `<msg_id>~3`, … and names under `metadata.sf.replaces` the one it stands for.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::model::Time;
use crate::model::message::{Block, Message, Role, Usage};
use crate::tool::Sink;
use crate::tool::format::value;

/// What was sent of each message, so that only what is new or changed is sent again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Revisions {
    sent: BTreeMap<String, Sent>,
    late: Usage,
}

/// Keeps messages of one read apart that have the same id: two that are there at once are not versions of one, or
/// each would for ever replace the other.
#[derive(Clone, Debug, Default)]
pub struct Apart(HashSet<String>);

impl Apart {
    /// Names the second of an id `<msg_id>#2`, and so on.
    pub fn name(&mut self, message: &mut Message) {
        let (id, mut n) = (message.msg_id.clone(), 1);
        while !self.0.insert(message.msg_id.clone()) {
            n += 1;
            message.msg_id = format!("{id}#{n}");
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sent {
    /// Of the content.
    digest: u64,
    /// 1 for the message itself.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    version: u32,
    /// What all versions together added to the sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    /// Whether it was named as missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    missing: bool,
}

fn first() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_first(version: &u32) -> bool {
    *version == 1
}

impl Revisions {
    /// Tokens of messages that were sent before it was known how many they took.
    pub fn late(&self) -> Usage {
        self.late
    }

    /// Whether no message was sent.
    pub fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    /// Whether a message was sent.
    pub fn knows(&self, id: &str) -> bool {
        self.sent.contains_key(id)
    }

    /// The id of the newest version of a message that was sent.
    pub fn newest(&self, id: &str) -> Option<String> {
        self.sent.get(id).map(|sent| name(id, sent.version))
    }

    /// Remarks which messages are not among those of now, once: an edit or a rewind took them out of
    /// what the tool shows; the transcript keeps them.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn tell_missing(
        &mut self,
        now: &BTreeSet<String>,
        kind: &str,
        time: Time,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let gone = self.sent.iter_mut().filter(|(id, sent)| !now.contains(*id) && !sent.missing);
        let gone: Vec<String> = gone
            .map(|(id, sent)| {
                sent.missing = true;
                id.clone()
            })
            .collect();
        if gone.is_empty() {
            return Ok(());
        }
        sink.message(Message {
            msg_id: value::name(gone.join(" ").as_bytes()),
            role: Role::System,
            content: vec![Block::opaque(kind, json!({"dropped": gone}))],
            timestamp: time,
            is_meta: true,
            ..Message::default()
        })?;
        Ok(())
    }

    /// Sends a message if it is new, or as a revision if it is not what it was. Time, turn,
    /// usage and metadata alone make no revision; see [`Revisions::late`]. The parent is set to its newest version, or dropped when it is not
    /// in the transcript; a message without content gets an empty text. Gives whether something
    /// was sent.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn send(&mut self, mut message: Message, sink: &mut dyn Sink) -> Result<bool> {
        if message.content.is_empty() {
            message.content.push(Block::text(""));
        }
        let digest = digest(&message);
        if message.msg_id.is_empty() {
            // Of two without a name neither is a later form of the other.
            message.msg_id = format!("unnamed-{digest:x}");
        }
        let id = message.msg_id.clone();
        let parent = message.parent_msg_id.take();
        message.parent_msg_id =
            parent.map(|p| self.newest(&p).unwrap_or(p)).filter(|p| *p != id && sink.holds(p));
        let Some(sent) = self.sent.get_mut(&id) else {
            // What was sent may be forgotten while the transcript is there; then it counts as the
            // same, in its newest version.
            let mut version = 1;
            while sink.holds(&name(&id, version + 1)) {
                version += 1;
            }
            let usage = message.usage;
            let new = sink.message(message)?;
            self.sent.insert(id, Sent { digest, version, usage, missing: false });
            return Ok(new);
        };
        if sent.digest == digest {
            let counted = sent.usage.unwrap_or_default();
            let usage = message.usage.unwrap_or_default();
            self.late = self.late.plus(usage.beyond(counted));
            sent.usage = Some(counted.max(usage)).filter(|u| !u.is_zero());
            return Ok(false);
        }
        let old = name(&id, sent.version);
        sent.version += 1;
        sent.digest = digest;
        message.msg_id = name(&id, sent.version);
        let own = message.metadata.entry("sf").or_insert_with(|| json!({}));
        if let Some(own) = own.as_object_mut() {
            own.insert("replaces".into(), old.into());
        }
        let usage = message.usage.unwrap_or_default();
        let counted = sent.usage.unwrap_or_default();
        message.usage = Some(usage.beyond(counted)).filter(|u| !u.is_zero());
        sent.usage = Some(counted.max(usage)).filter(|u| !u.is_zero());
        sink.message(message)
    }
}

fn name(id: &str, version: u32) -> String {
    if version == 1 { id.to_owned() } else { format!("{id}~{version}") }
}

/// Of everything that makes a message another one, whatever the order of keys.
fn digest(message: &Message) -> u64 {
    let mut hash = Sha256::new();
    word(message.role.as_str(), &mut hash);
    for text in [&message.model, &message.stop_reason, &message.agent_id] {
        word(text.as_deref().unwrap_or_default(), &mut hash);
    }
    hash.update([u8::from(message.is_meta), u8::from(message.is_sidechain)]);
    for block in &message.content {
        match block {
            Block::Text { text } => {
                word("text", &mut hash);
                word(text, &mut hash);
            }
            Block::ToolUse { tool_use_id, name, input } => {
                [tool_use_id, name].into_iter().for_each(|text| word(text, &mut hash));
                object(input, &mut hash);
            }
            Block::ToolResult { tool_use_id, content, is_error, exit_code, duration_ms } => {
                [tool_use_id, content].into_iter().for_each(|text| word(text, &mut hash));
                word(&format!("{is_error:?} {exit_code:?} {duration_ms:?}"), &mut hash);
            }
            Block::Other(map) => object(map, &mut hash),
            other => feed(&serde_json::to_value(other).unwrap_or_default(), &mut hash),
        }
    }
    hash.finalize().iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

fn word(text: &str, hash: &mut Sha256) {
    hash.update(text.len().to_le_bytes());
    hash.update(text.as_bytes());
}

fn object(map: &Map<String, Value>, hash: &mut Sha256) {
    let mut pairs: Vec<(&String, &Value)> = map.iter().collect();
    pairs.sort_by_key(|(key, _)| *key);
    hash.update(b"{");
    for (key, value) in pairs {
        word(key, hash);
        feed(value, hash);
    }
    hash.update(b"}");
}

fn feed(value: &Value, hash: &mut Sha256) {
    match value {
        Value::Array(list) => {
            hash.update(b"[");
            list.iter().for_each(|item| feed(item, hash));
            hash.update(b"]");
        }
        Value::Object(map) => object(map, hash),
        Value::String(text) => {
            hash.update(b"\"");
            word(text, hash);
        }
        leaf => word(&leaf.to_string(), hash),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::testing::Collector;

    fn message(text: &str, output: u64) -> Message {
        Message {
            msg_id: "m".into(),
            content: vec![Block::text(text)],
            usage: Some(Usage { output, ..Usage::default() }),
            ..Message::default()
        }
    }

    #[test]
    fn a_change_follows_under_a_new_name_and_tokens_count_once() {
        let mut tape = Collector::default();
        let mut sent = Revisions::default();
        assert!(sent.send(message("a", 5), &mut tape).expect("sent"));
        assert!(!sent.send(message("a", 6), &mut tape).expect("known"));
        let text = serde_json::to_string(&sent).expect("saved");
        let mut sent: Revisions = serde_json::from_str(&text).expect("loaded");
        assert!(sent.send(message("ab", 7), &mut tape).expect("sent"));
        assert!(sent.send(message("abc", 7), &mut tape).expect("sent"));
        let ids: Vec<&str> = tape.messages.iter().map(|m| m.msg_id.as_str()).collect();
        assert_eq!(ids, ["m", "m~2", "m~3"]);
        assert_eq!(tape.messages[1].metadata["sf"]["replaces"], "m");
        assert_eq!(tape.messages[2].metadata["sf"]["replaces"], "m~2");
        let total: u64 = tape.messages.iter().filter_map(|m| m.usage).map(|u| u.output).sum();
        assert_eq!((total, sent.late().output), (6, 1));
    }

    #[test]
    fn what_is_in_the_transcript_counts_as_known_when_all_is_forgotten() {
        let mut tape = Collector::default();
        let mut sent = Revisions::default();
        sent.send(message("a", 5), &mut tape).expect("sent");
        sent.send(message("b", 5), &mut tape).expect("sent");
        let mut fresh = Revisions::default();
        assert!(!fresh.send(message("b", 5), &mut tape).expect("known"));
        assert!(fresh.send(message("c", 5), &mut tape).expect("sent"));
        assert_eq!(tape.messages.last().map(|m| m.msg_id.as_str()), Some("m~3"));
    }

    #[test]
    fn two_that_are_there_at_once_have_names_of_their_own() {
        let mut apart = Apart::default();
        let names: Vec<String> = ["a", "b", "a", "a#2", "a"]
            .map(|id| {
                let mut message = Message { msg_id: id.into(), ..Message::default() };
                apart.name(&mut message);
                message.msg_id
            })
            .into();
        assert_eq!(names, ["a", "b", "a#2", "a#2#2", "a#3"]);
    }

    #[test]
    fn the_order_of_keys_is_no_change() {
        let block = |input: &str| Block::ToolUse {
            tool_use_id: "t".into(),
            name: "n".into(),
            input: serde_json::from_str(input).expect("an object"),
        };
        let with = |block: Block| Message { content: vec![block], ..message("", 0) };
        assert_eq!(digest(&with(block(r#"{"a":1,"b":2}"#))), digest(&with(block(r#"{"b":2,"a":1}"#))));
        assert_ne!(digest(&with(block(r#"{"a":1,"b":2}"#))), digest(&with(block(r#"{"a":1,"b":3}"#))));
    }
}
