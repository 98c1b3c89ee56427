//! What may be wrong with a record.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// One thing that is changed: which node of the record, what is done to it, and with what.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    node: u32,
    what: u8,
    with: u32,
}

/// Something wrong with the bytes, after the record was written.
#[derive(Clone, Copy, Debug)]
pub struct Damage {
    what: u8,
    at: u32,
    byte: u8,
}

/// An input: which sample, which part of it, what is changed, and what is damaged.
#[derive(Clone, Debug)]
pub struct Input {
    pub sample: u32,
    pub part: u32,
    pub changes: Vec<Change>,
    pub damage: Option<Damage>,
}

pub fn any_input() -> impl Strategy<Value = Input> {
    let change =
        (any::<u32>(), any::<u8>(), any::<u32>()).prop_map(|(node, what, with)| Change { node, what, with });
    let damage =
        (any::<u8>(), any::<u32>(), any::<u8>()).prop_map(|(what, at, byte)| Damage { what, at, byte });
    let damage = prop_oneof![3 => Just(None), 1 => damage.prop_map(Some)];
    (any::<u32>(), any::<u32>(), prop::collection::vec(change, 0..5), damage)
        .prop_map(|(sample, part, changes, damage)| Input { sample, part, changes, damage })
}

/// Values that stand where they should not.
static WRONG: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let deep = (0..60).fold(Value::Null, |inner, _| json!([inner]));
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e300),
        json!(0.5),
        json!(""),
        json!("x"),
        json!("a".repeat(3000)),
        json!("\u{0}\u{85}\u{2028}\u{2029}\u{feff}\u{1b}[31m"),
        json!("2026-99-99T99:99:99Z"),
        json!("0000-01-01T00:00:00Z"),
        json!("+292277026596-12-04T15:30:07Z"),
        json!("../../../etc/passwd"),
        json!([]),
        json!({}),
        json!([null]),
        json!({"": null}),
        json!([[], {}]),
        deep,
    ]
});

fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(size).sum(),
        Value::Object(map) => map.values().map(size).sum(),
        _ => 0,
    }
}

/// The node of a number, counted from the outside in.
fn nth(value: &mut Value, mut n: usize) -> &mut Value {
    if n == 0 {
        return value;
    }
    n -= 1;
    let inner: Vec<&mut Value> = match value {
        Value::Array(list) => list.iter_mut().collect(),
        Value::Object(map) => map.values_mut().collect(),
        _ => Vec::new(),
    };
    for inner in inner {
        let size = size(inner);
        if n < size {
            return nth(inner, n);
        }
        n -= size;
    }
    unreachable!("within its size")
}

/// The same, to look at.
fn part(value: &Value, mut n: usize) -> &Value {
    if n == 0 {
        return value;
    }
    n -= 1;
    let inner: Vec<&Value> = match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    };
    for inner in inner {
        let size = size(inner);
        if n < size {
            return part(inner, n);
        }
        n -= size;
    }
    unreachable!("within its size")
}

impl Change {
    /// Makes it. `words` are keys and values of the format, `donor` is a record of another place.
    pub fn make(&self, value: &mut Value, words: &[String], donor: &Value) {
        let (node, with) = (self.node as usize % size(value), self.with as usize);
        let target = nth(value, node);
        let word = || words.get(with % words.len().max(1)).cloned().unwrap_or_default();
        match (self.what % 8, target) {
            (1, Value::Object(map)) if !map.is_empty() => remove(map, with),
            (1, Value::Array(list)) if !list.is_empty() => drop(list.remove(with % list.len())),
            (2, Value::Array(list)) if !list.is_empty() => {
                // The same again, behind or before it.
                let copy = list[with % list.len()].clone();
                list.insert(with % list.len(), copy);
            }
            (2 | 3, Value::Object(map)) if !map.is_empty() => {
                // Under another name.
                let key = map.keys().nth(with % map.len()).cloned().unwrap_or_default();
                let value = map.remove(&key).unwrap_or_default();
                map.insert(word(), value);
            }
            (3, Value::Array(list)) => list.reverse(),
            (4, Value::String(text)) => *text = word(),
            (5, Value::String(text)) => {
                let cut = (0..=with % (text.len() + 1)).rev().find(|at| text.is_char_boundary(*at));
                text.truncate(cut.unwrap_or(0));
            }
            (6, target) => {
                let node = with % size(donor);
                *target = part(donor, node).clone();
            }
            (7, Value::Number(number)) => *number = wrong_number(self.with),
            (_, target) => *target = WRONG[with % WRONG.len()].clone(),
        }
    }
}

/// Clocks that run backwards, counts that cannot be.
fn wrong_number(with: u32) -> serde_json::Number {
    match with % 6 {
        0 => 0.into(),
        1 => i64::MAX.into(),
        2 => i64::MIN.into(),
        3 => u64::MAX.into(),
        4 => with.into(),
        _ => (-i64::from(with)).into(),
    }
}

fn remove(map: &mut Map<String, Value>, with: usize) {
    let key = map.keys().nth(with % map.len()).cloned().unwrap_or_default();
    map.remove(&key);
}

impl Damage {
    pub fn make(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let at = self.at as usize % bytes.len();
        let insert = |bytes: &mut Vec<u8>, what: &[u8]| drop(bytes.splice(at..at, what.iter().copied()));
        match self.what % 9 {
            0 => bytes[at] = self.byte,
            1 => bytes.truncate(at),
            2 => insert(bytes, b"\xff\xc3"),
            3 => insert(bytes, b"\\ud800"),
            4 => insert(bytes, b"\0"),
            5 => insert(bytes, b"\n"),
            6 => insert(bytes, "\u{2028}".as_bytes()),
            7 => drop(bytes.drain(..at)),
            _ => {
                let copy = bytes[at..].to_vec();
                bytes.extend(copy);
            }
        }
    }
}

/// Keys and short texts of a record.
pub fn words(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                out.push(key.clone());
                words(inner, out);
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| words(inner, out)),
        Value::String(text) if text.len() < 40 => out.push(text.clone()),
        _ => {}
    }
}

/// A part of a record: of long lists some neighbours, so that an input is small.
pub fn excerpt(value: &Value, part: usize) -> Value {
    const MOST: usize = 6;
    match value {
        Value::Array(list) => {
            let from = if list.len() > MOST { part % (list.len() - MOST + 1) } else { 0 };
            list.iter().skip(from).take(MOST).map(|inner| excerpt(inner, part)).collect()
        }
        Value::Object(map) => {
            map.iter().map(|(key, inner)| (key.clone(), excerpt(inner, part))).collect::<Map<_, _>>().into()
        }
        other => shortened(other),
    }
}

/// The same record with the beginnings of its long texts: what is copied takes the time of an input. A text that may
/// be a record itself is kept longer.
pub fn shortened(value: &Value) -> Value {
    let most = |text: &str| if text.starts_with(['{', '[']) { 4000 } else { 400 };
    match value {
        Value::Array(list) => list.iter().map(shortened).collect(),
        Value::Object(map) => {
            map.iter().map(|(key, inner)| (key.clone(), shortened(inner))).collect::<Map<_, _>>().into()
        }
        Value::String(text) if text.len() > most(text) => {
            text.chars().take(most(text)).collect::<String>().into()
        }
        other => other.clone(),
    }
}
