//! The general form of a result: rows as a table, a record as lines.

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::door::output::render_safe;
use crate::model::Time;

/// The widest that one cell gets when no terminal limits it.
const CELL_MAX: usize = 80;

/// Rows with these columns, where they hold anything; anything else in its own form.
pub(super) fn with_columns(
    value: &Value,
    columns: Option<&[&str]>,
    width: Option<usize>,
    color: bool,
) -> String {
    let (Some(rows), Some(columns)) = (value.as_array().filter(|rows| !rows.is_empty()), columns) else {
        return any(value, width, color);
    };
    let pick = |row: &Value| -> Value {
        columns.iter().filter_map(|c| Some(((*c).to_owned(), plain(row.get(*c)?)))).collect()
    };
    any(&rows.iter().map(pick).collect(), width, color)
}

/// A field as something that a cell can show: an error is its message.
fn plain(value: &Value) -> Value {
    value.get("message").filter(|m| m.is_string()).unwrap_or(value).clone()
}

/// Any value as text.
pub(super) fn any(value: &Value, width: Option<usize>, color: bool) -> String {
    match value {
        Value::Null => String::new(),
        Value::Array(rows) if rows.is_empty() => "nothing\n".to_owned(),
        Value::Array(rows) if rows.iter().all(Value::is_object) => table(rows, width, color),
        Value::Array(rows) => rows.iter().map(|v| format!("{}\n", cell(v))).collect(),
        Value::Object(_) => record(value, width, color),
        scalar => format!("{}\n", cell(scalar)),
    }
}

fn record(value: &Value, width: Option<usize>, color: bool) -> String {
    let Some(fields) = value.as_object() else { return String::new() };
    let plain = |v: &Value| !v.is_object() && !v.as_array().is_some_and(|a| a.iter().any(Value::is_object));
    let label = fields.iter().filter(|(_, v)| plain(v)).map(|(k, _)| k.width()).max().unwrap_or(0);
    let mut text = String::new();
    for (key, value) in fields.iter().filter(|(_, v)| plain(v) && !v.is_null()) {
        text.push_str(&format!("{}  {}\n", dim(&pad(key, label), color), cell(value)));
    }
    for (key, value) in fields.iter().filter(|(_, v)| !plain(v)) {
        text.push_str(&format!("\n{}\n", dim(key, color)));
        text.push_str(&any(value, width, color));
    }
    text
}

/// Columns are the fields of the first rows that hold anything plain in any row.
fn table(rows: &[Value], width: Option<usize>, color: bool) -> String {
    let mut columns: Vec<&str> = Vec::new();
    for row in rows.iter().filter_map(Value::as_object) {
        for (key, value) in row {
            let shown = !matches!(value, Value::Null | Value::Object(_))
                && !value.as_array().is_some_and(|a| a.is_empty() || a.iter().any(Value::is_object));
            if shown && !columns.contains(&key.as_str()) {
                columns.push(key);
            }
        }
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| columns.iter().map(|c| cell(row.get(*c).unwrap_or(&Value::Null))).collect())
        .collect();
    let mut widths: Vec<usize> = columns.iter().map(|c| c.width()).collect();
    for row in &cells {
        for (at, text) in row.iter().enumerate() {
            widths[at] = widths[at].max(text.width().min(CELL_MAX));
        }
    }
    shrink(&mut widths, width);
    let line = |row: &[String]| {
        let parts: Vec<String> = row.iter().zip(&widths).map(|(t, w)| pad(&cut(t, *w), *w)).collect();
        parts.join("  ").trim_end().to_owned()
    };
    let head: Vec<String> = columns.iter().map(|c| c.to_uppercase().replace('_', " ")).collect();
    let mut text = format!("{}\n", dim(&line(&head), color));
    for row in &cells {
        text.push_str(&line(row));
        text.push('\n');
    }
    text
}

/// Takes from the widest column until the row fits.
fn shrink(widths: &mut [usize], width: Option<usize>) {
    let Some(limit) = width else { return };
    let total = |widths: &[usize]| widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
    while total(widths) > limit {
        let Some(widest) = widths.iter_mut().max() else { return };
        if *widest <= 6 {
            return;
        }
        *widest -= 1;
    }
}

fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        // To the minute is enough for eyes.
        Value::String(text) => match Time::parse(text) {
            Some(_) if text.len() == 24 => text[..16].replacen('T', " ", 1),
            _ => text.clone(),
        },
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(fraction) => format!("{}", (fraction * 1000.0).round() / 1000.0),
            None => number.to_string(),
        },
        Value::Object(_) => value.to_string(),
    };
    render_safe(&text).replace(['\n', '\t'], " ")
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if kept.width() + unicode_width::UnicodeWidthChar::width(c).unwrap_or(0) + 1 > width {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}

fn dim(text: &str, color: bool) -> String {
    if color { format!("\x1b[2m{text}\x1b[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_become_columns() {
        let rows =
            json!([{"name": "a", "state": null, "n": 1}, {"name": "long name", "state": null, "n": 22}]);
        assert_eq!(any(&rows, None, false), "NAME       N\na          1\nlong name  22\n");
    }

    #[test]
    fn nothing_of_others_steers_the_terminal() {
        let text = any(&json!([{"title": "x\u{1b}]0;evil\u{7}\ny"}]), None, false);
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert_eq!(text.lines().count(), 2);
    }

    #[test]
    fn a_narrow_terminal_cuts_the_widest_column() {
        let rows = json!([{"a": "x".repeat(50), "b": "y"}]);
        let text = any(&rows, Some(20), false);
        assert!(text.lines().all(|l| l.width() <= 20), "{text}");
        assert!(text.contains('…'));
    }
}
