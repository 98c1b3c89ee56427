//! Results as text for people: a table for rows, lines for a record, and something better for the
//! commands that deserve it.

mod table;

use serde_json::Value;

/// How a result is drawn: the value, the width of the terminal if there is one, whether to colour.
type Draw = fn(&Value, Option<usize>, bool) -> String;

/// The commands that the general form does not serve well.
const SPECIAL: &[(&str, Draw)] = &[("completions", |v, _, _| text_of(v, "script"))];

/// A command's result as text.
pub(super) fn result(id: &str, value: &Value, width: Option<usize>, color: bool) -> String {
    let draw = SPECIAL.iter().find(|(name, _)| *name == id).map(|(_, draw)| *draw);
    match draw {
        Some(draw) => draw(value, width, color),
        None => table::any(value, width, color),
    }
}

fn text_of(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}
