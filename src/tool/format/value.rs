//! Reading JSON that somebody else wrote: every field may be missing or of another type.

use serde_json::{Map, Value};

use crate::model::Time;
use crate::sys::hash;

/// A text that is not empty.
pub fn str<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    map.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// The same, owned.
pub fn string(map: &Map<String, Value>, key: &str) -> Option<String> {
    str(map, key).map(str::to_owned)
}

/// An object.
pub fn object<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Map<String, Value>> {
    map.get(key)?.as_object()
}

/// A flag that is set.
pub fn flag(map: &Map<String, Value>, key: &str) -> bool {
    map.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// More than that of anything (tokens, bytes) was never counted: sums of counts cannot overflow.
const MOST: u64 = 1 << 50;

/// A count, at most 2^50; 0 when there is none.
pub fn count(map: &Map<String, Value>, key: &str) -> u64 {
    map.get(key).and_then(Value::as_u64).unwrap_or(0).min(MOST)
}

/// A name for what brought none of its own: 24 hex digits, of what it is alone.
pub fn name(bytes: &[u8]) -> String {
    hash::short(bytes, 12)
}

/// A moment in RFC 3339.
pub fn time(map: &Map<String, Value>, key: &str) -> Option<Time> {
    Time::parse(str(map, key)?)
}

/// A moment as milliseconds since 1970 (a number), if it is one that RFC 3339 can write.
pub fn millis(map: &Map<String, Value>, key: &str) -> Option<Time> {
    let ms = map.get(key).and_then(|v| v.as_i64().or_else(|| v.as_f64().map(|f| f as i64)))?;
    (1..=253_402_300_799_999).contains(&ms).then_some(Time(ms))
}

/// Takes a text out.
pub fn take_string(map: &mut Map<String, Value>, key: &str) -> Option<String> {
    match map.remove(key)? {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// The arguments of a call as an object: whatever is none lies below `input`.
pub fn arguments(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null => Map::new(),
        other => Map::from_iter([("input".to_owned(), other)]),
    }
}
