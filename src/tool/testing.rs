//! For tests of readers: a sink that collects, and lines of any shape.

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::{Progress, Sink, Skipped};
use crate::error::Result;
use crate::model::message::Message;

/// Collects everything.
#[derive(Default)]
pub struct Collector {
    /// The messages.
    pub messages: Vec<Message>,
    /// Lines that were no objects.
    pub skipped: u64,
    /// The last checkpoint.
    pub progress: Option<Progress>,
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

    fn skipped(&mut self, _: Skipped) {
        self.skipped += 1;
    }

    fn checkpoint(&mut self, progress: &Progress) -> Result<()> {
        self.progress = Some(progress.clone());
        Ok(())
    }
}

/// JSON that is built from the words of a format, in any order.
pub fn any_json(
    keys: &'static [&'static str],
    words: &'static [&'static str],
) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(words).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(keys), inner), 0..6).prop_map(|pairs| pairs
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v))
                .collect::<Map<_, _>>()
                .into()),
        ]
    })
}

/// A line that is such an object.
pub fn any_line(
    keys: &'static [&'static str],
    words: &'static [&'static str],
) -> impl Strategy<Value = String> {
    let types = prop::sample::select(words);
    (types, prop::collection::vec((prop::sample::select(keys), any_json(keys, words)), 0..8)).prop_map(
        |(kind, pairs)| {
            let mut map: Map<String, Value> = pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
            map.entry("type").or_insert_with(|| kind.into());
            Value::Object(map).to_string()
        },
    )
}
