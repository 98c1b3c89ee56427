//! Any result as lines: rows that are alike as a table, everything else as an outline.

use serde_json::{Map, Value};

use super::Line;
use crate::cockpit::text;
use crate::config::theme::Role;

const DEEPEST: usize = 6;
const WIDEST_CELL: usize = 60;
const WIDE_CELL: usize = 24;

/// A result as lines.
pub fn lines(value: &Value, width: usize) -> Vec<Line> {
    let mut out = Vec::new();
    outline(value, 0, width, &mut out);
    out
}

fn outline(value: &Value, depth: usize, width: usize, out: &mut Vec<Line>) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) => {
            let widest = map.keys().map(|k| text::width(k)).max().unwrap_or(0).min(24);
            for (key, value) in map {
                let label = format!("{indent}{:widest$}  ", text::clean(key));
                match leaf(value) {
                    Some((text, role)) => out.push(vec![(label, Role::Dim), (text, role)]),
                    None if depth < DEEPEST => {
                        out.push(vec![(label, Role::Dim)]);
                        outline(value, depth + 1, width, out);
                    }
                    None => out.push(vec![(label, Role::Dim), ("…".into(), Role::Dim)]),
                }
            }
        }
        Value::Array(items) => match rows(items) {
            Some(rows) => table(&rows, &indent, width, out),
            None => {
                for item in items {
                    match leaf(item) {
                        Some((text, role)) => out.push(vec![(indent.clone(), Role::Dim), (text, role)]),
                        None if depth < DEEPEST => {
                            outline(item, depth, width, out);
                            out.push(Vec::new());
                        }
                        None => out.push(vec![(format!("{indent}…"), Role::Dim)]),
                    }
                }
            }
        },
        other => {
            if let Some((text, role)) = leaf(other) {
                out.extend(text.lines().map(|line| vec![(format!("{indent}{line}"), role)]));
            }
        }
    }
}

/// A value in one line; `None` when it takes more.
fn leaf(value: &Value) -> Option<(String, Role)> {
    Some(match value {
        Value::Null => ("-".into(), Role::Dim),
        Value::Bool(true) => ("yes".into(), Role::Ok),
        Value::Bool(false) => ("no".into(), Role::Text),
        Value::Number(n) => (n.to_string(), Role::Text),
        Value::String(text) => (text::clean(text), Role::Text),
        Value::Array(items) if items.is_empty() => ("none".into(), Role::Dim),
        Value::Array(items) if items.iter().all(|i| !i.is_object() && !i.is_array()) => {
            let texts: Vec<String> = items.iter().filter_map(|i| leaf(i).map(|(t, _)| t)).collect();
            (texts.join(", "), Role::Text)
        }
        Value::Object(map) if map.is_empty() => ("none".into(), Role::Dim),
        Value::Array(_) | Value::Object(_) => return None,
    })
}

/// Rows of leaves. Where each item has one list of further items (features of hosts of
/// repositories), its own leaves stand in front of theirs.
fn rows(items: &[Value]) -> Option<Vec<Map<String, Value>>> {
    let mut rows = Vec::new();
    for item in items {
        let item = item.as_object()?;
        let mut inner = item.iter().filter(|(_, v)| leaf(v).is_none());
        let (below, more) = (inner.next(), inner.next());
        match (below, more) {
            (None, _) => rows.push(item.clone()),
            (Some((list, Value::Array(items))), None) => {
                let own = || item.iter().filter(|(key, _)| *key != list);
                for below in self::rows(items)? {
                    let mut row: Map<String, Value> = own().map(|(k, v)| (k.clone(), v.clone())).collect();
                    // The nearest says most: its error, its state.
                    row.extend(below);
                    rows.push(row);
                }
            }
            (Some(_), _) => return None,
        }
    }
    (!rows.is_empty()).then_some(rows)
}

/// Columns that say nothing in any row are left out, and those for which there is no room.
fn table(rows: &[Map<String, Value>], indent: &str, width: usize, out: &mut Vec<Line>) {
    let says = |key: &String| rows.iter().any(|row| row.get(key).is_some_and(|v| !v.is_null()));
    let mut keys: Vec<&String> = Vec::new();
    for key in rows.iter().flat_map(Map::keys) {
        if !keys.contains(&key) && says(key) {
            keys.push(key);
        }
    }
    let cell = |row: &Map<String, Value>, key: &str| {
        let (text, role) = row.get(key).and_then(leaf).unwrap_or_default_cell();
        (text::fit(&text, WIDEST_CELL), role)
    };
    let wide = |key: &str| {
        let widest = rows.iter().map(|row| text::width(&cell(row, key).0)).max().unwrap_or(0);
        widest.max(text::width(key))
    };
    let mut keys: Vec<(&String, usize)> = keys.into_iter().map(|key| (key, wide(key))).collect();
    // Paths and sentences stand last, or there would be no room for anything behind them.
    keys.sort_by_key(|(_, wide)| *wide > WIDE_CELL);
    let mut room = width.saturating_sub(indent.len());
    let mut columns = Vec::new();
    for (key, wide) in keys {
        if room < wide {
            continue;
        }
        room = room.saturating_sub(wide + 2);
        columns.push((key, wide));
    }
    let pad = |text: &str, wide: usize| {
        let blanks = wide.saturating_sub(text::width(text)) + 2;
        format!("{text}{}", " ".repeat(blanks))
    };
    let mut head = vec![(indent.to_owned(), Role::Dim)];
    head.extend(columns.iter().map(|(key, wide)| (pad(&text::clean(key), *wide), Role::Dim)));
    out.push(head);
    for row in rows {
        let mut line = vec![(indent.to_owned(), Role::Dim)];
        line.extend(columns.iter().map(|(key, wide)| {
            let (text, role) = cell(row, key);
            (pad(&text, *wide), role)
        }));
        out.push(line);
    }
}

trait OrEmpty {
    fn unwrap_or_default_cell(self) -> (String, Role);
}

impl OrEmpty for Option<(String, Role)> {
    fn unwrap_or_default_cell(self) -> (String, Role) {
        self.unwrap_or((String::new(), Role::Text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_alike_become_a_table() {
        let value = serde_json::json!([
            {"name": "gpu-01", "state": "up", "error": null},
            {"name": "x", "state": "down\u{1b}", "error": null},
        ]);
        let text: Vec<String> =
            lines(&value, 40).iter().map(|l| l.iter().map(|(t, _)| t.as_str()).collect()).collect();
        assert_eq!(text, ["name    state  ", "gpu-01  up     ", "x       down␛  "]);
    }

    #[test]
    fn anything_can_be_shown() {
        let deep = (0..50).fold(Value::Null, |inner, _| serde_json::json!({ "a": [inner, {"b": []}] }));
        assert!(!lines(&deep, 10).is_empty());
    }
}
