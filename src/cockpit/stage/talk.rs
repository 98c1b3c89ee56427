//! The messages of a transcript as `show` gives them.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use crate::model::Time;
use crate::model::message::{Block, Role as Speaker, Usage};

/// A message.
#[derive(Clone, Debug, Deserialize)]
pub struct Said {
    /// Its line.
    pub seq: u64,
    /// The line of its first version: where it stands.
    #[serde(default)]
    pub place: u64,
    /// Who speaks.
    pub role: Speaker,
    /// When.
    #[serde(default)]
    pub time: Option<Time>,
    /// What it is made of.
    pub blocks: Vec<Block>,
    /// The model that answered.
    #[serde(default)]
    pub model: Option<String>,
    /// Tokens that it added.
    #[serde(default)]
    pub usage: Option<Usage>,
    /// What they cost.
    #[serde(default)]
    pub cost_usd: Option<f64>,
    /// The sub-agent that speaks.
    #[serde(default)]
    pub agent_id: Option<String>,
    /// Whether the tool put it there.
    #[serde(default)]
    pub is_meta: bool,
    /// Whether a person wrote it.
    #[serde(default)]
    pub prompt: bool,
}

/// A sub-agent.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Agent {
    /// The call that it answers.
    #[serde(default)]
    pub tool_use_id: Option<String>,
    /// Which kind of agent.
    #[serde(default)]
    pub kind: Option<String>,
    /// What it was to do.
    #[serde(default)]
    pub description: Option<String>,
}

/// Messages that lie together.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    /// In the order of their places.
    pub said: Vec<Said>,
    /// The last line that there is.
    pub last: u64,
    /// The sub-agents of the whole transcript.
    pub agents: HashMap<String, Agent>,
}

impl Chunk {
    /// Understands what `show` gave; a message that cannot be understood is left out.
    pub fn of(mut shown: Value) -> Self {
        let read = |value: Value| serde_json::from_value::<Said>(value).ok();
        let mut said: Vec<Said> = match shown.get_mut("messages").map(Value::take) {
            Some(Value::Array(messages)) => messages.into_iter().filter_map(read).collect(),
            _ => Vec::new(),
        };
        for message in &mut said {
            if message.place == 0 {
                message.place = message.seq;
            }
        }
        said.sort_by_key(|message| message.place);
        let agents = shown.pointer_mut("/manifest/metadata/sf/sub_agents").map(Value::take);
        let agents = agents.and_then(|agents| serde_json::from_value(agents).ok()).unwrap_or_default();
        let newest = said.iter().map(|m| m.seq.max(m.place)).max().unwrap_or(0);
        let last = shown.get("message_count").and_then(Value::as_u64).unwrap_or(newest);
        Self { said, last, agents }
    }
}

/// Which messages are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// The newest ones.
    Newest,
    /// The one of this number and those around it.
    Around(u64),
    /// Those of these numbers.
    Range(u64, u64),
}

impl Want {
    /// The options of `show` that ask for them.
    pub fn words(self) -> [String; 2] {
        match self {
            Self::Newest => ["--page".into(), "1".into()],
            Self::Around(seq) => ["--around".into(), seq.to_string()],
            Self::Range(from, to) => ["--seq".into(), format!("{from}-{to}")],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_understood_is_left_out() {
        let chunk = Chunk::of(serde_json::json!({"message_count": 9, "messages": [
            {"seq": 9, "place": 2, "role": "user", "blocks": []}, {"seq": 3}, 7,
            {"seq": 1, "role": "assistant", "time": null, "blocks": [{"type": "x-new", "a": 1}]},
        ], "manifest": {"metadata": {"sf": {"sub_agents": {"a": {"tool_use_id": "t", "kind": null}}}}}}));
        assert_eq!(chunk.said.iter().map(|m| (m.place, m.seq)).collect::<Vec<_>>(), [(1, 1), (2, 9)]);
        assert_eq!((chunk.last, chunk.agents["a"].tool_use_id.as_deref()), (9, Some("t")));
        assert!(Chunk::of(Value::Null).said.is_empty());
    }
}
