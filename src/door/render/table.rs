//! The general form of a result: rows as a table, a record as lines.

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::door::output::render_safe;
use crate::model::Time;

/// The widest that one cell gets when no terminal limits it.
const CELL_MAX: usize = 80;
/// The narrowest that a text is cut to.
const TEXT_MIN: usize = 12;
/// The same for the first column: an id, or a name.
const FIRST_MIN: usize = 24;
/// The narrowest of two columns in a terminal that is hardly one.
const LEAST: usize = 4;
/// A date without a time of day.
const DATE: usize = 10;

/// The columns that are wanted of the rows in a field of a result, or of those that it is itself (`""`).
pub(super) type Columns<'a> = dyn Fn(&str) -> Option<&'static [&'static str]> + 'a;

/// A result: rows with the columns that are wanted, anything else in its own form.
pub(super) fn result(value: &Value, columns: &Columns<'_>, width: Option<usize>, color: bool) -> String {
    match value.as_object() {
        Some(fields) => {
            record(&fields.iter().map(|(k, v)| (k.clone(), pick(v, columns(k)))).collect(), width, color)
        }
        None => any(&pick(value, columns("")), width, color),
    }
}

/// Rows with these columns alone, in their order.
fn pick(value: &Value, columns: Option<&[&str]>) -> Value {
    let (Some(rows), Some(columns)) = (value.as_array(), columns) else { return value.clone() };
    let pick = |row: &Value| -> Value {
        columns.iter().filter_map(|c| Some(((*c).to_owned(), plain(row.get(*c)?)))).collect()
    };
    rows.iter().map(pick).collect()
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
    let empty = |v: &Value| v.is_null() || v.as_array().is_some_and(Vec::is_empty);
    for (key, value) in fields.iter().filter(|(_, v)| plain(v) && !empty(v)) {
        text.push_str(&format!("{}  {}\n", dim(&pad(key, label), color), field(key, value)));
    }
    for (key, value) in fields.iter().filter(|(_, v)| !plain(v)) {
        text.push_str(&format!("\n{}\n", dim(key, color)));
        text.push_str(&any(value, width, color));
    }
    text
}

/// Columns are the fields of the rows that hold anything plain in any row.
fn table(rows: &[Value], width: Option<usize>, color: bool) -> String {
    let mut keys: Vec<&str> = Vec::new();
    for row in rows.iter().filter_map(Value::as_object) {
        for (key, value) in row {
            let shown = !matches!(value, Value::Null | Value::Object(_))
                && !value.as_array().is_some_and(|a| a.is_empty() || a.iter().any(Value::is_object));
            if shown && !keys.contains(&key.as_str()) {
                keys.push(key);
            }
        }
    }
    let mut columns: Vec<Column> =
        keys.iter().enumerate().map(|(n, key)| Column::of(key, rows, n == 0)).collect();
    let left_out = fit(&mut columns, width);
    let line = |cells: Vec<String>| {
        let parts = columns.iter().zip(cells).map(|(column, text)| column.place(&text));
        parts.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let heads: Vec<Vec<String>> = columns.iter().map(Column::head).collect();
    let mut text = String::new();
    for n in 0..heads.iter().map(Vec::len).max().unwrap_or(0) {
        let words = heads.iter().map(|head| head.get(n).cloned().unwrap_or_default()).collect();
        text.push_str(&format!("{}\n", dim(&line(words), color)));
    }
    for row in 0..rows.len() {
        text.push_str(&line(columns.iter().map(|c| c.cells[row].clone()).collect()));
        text.push('\n');
    }
    if !left_out.is_empty() {
        let names: Vec<String> = left_out.iter().map(|c| c.key.replace('_', " ")).collect();
        let told = format!("no room for: {}", names.join(", "));
        text.push_str(&format!("{}\n", dim(&cut(&told, width.unwrap_or(CELL_MAX)), color)));
    }
    text
}

/// What a column holds decides how narrow it may get.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Never cut, at the right edge.
    Number,
    /// Without its time of day, if need be.
    Time,
    /// Cut at the end.
    Text,
}

/// A column of a table.
struct Column<'a> {
    key: &'a str,
    kind: Kind,
    cells: Vec<String>,
    /// Columns of the terminal that it gets.
    width: usize,
    /// The fewest that it makes sense with.
    least: usize,
}

impl<'a> Column<'a> {
    /// The first column says what a row is about, and is hardly cut.
    fn of(key: &'a str, rows: &[Value], first: bool) -> Self {
        let values = || rows.iter().map(|row| row.get(key).unwrap_or(&Value::Null));
        let all = |fits: fn(&Value) -> bool| values().filter(|v| !v.is_null()).all(fits);
        let kind = if all(Value::is_number) {
            Kind::Number
        } else if all(|v| v.as_str().is_some_and(is_time)) {
            Kind::Time
        } else {
            Kind::Text
        };
        // What nobody knows is no empty place: what a row is about, and what it cost.
        let nothing = match key {
            "cost_usd" => "unknown",
            _ if first => "(none)",
            _ => "",
        };
        let text = |value: &Value| if value.is_null() { nothing.to_owned() } else { field(key, value) };
        let cells: Vec<String> = values().map(text).collect();
        let widest = cells.iter().map(|text| text.width().min(CELL_MAX)).max().unwrap_or(0);
        let word = key.split('_').map(UnicodeWidthStr::width).max().unwrap_or(0);
        let least = match kind {
            Kind::Number => widest,
            Kind::Time => DATE,
            Kind::Text => widest.min(if first { FIRST_MIN } else { TEXT_MIN }),
        };
        Self { key, kind, cells, width: widest.max(key.width()), least: least.max(word) }
    }

    /// The name over it, in as many lines as it needs.
    fn head(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in self.key.to_uppercase().split('_') {
            match lines.last_mut() {
                Some(line) if line.width() + 1 + word.width() <= self.width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines
    }

    fn place(&self, text: &str) -> String {
        let text = match self.kind {
            Kind::Time if text.width() > self.width => text.get(..DATE).unwrap_or(text).to_owned(),
            _ => cut(text, self.width),
        };
        let room = " ".repeat(self.width.saturating_sub(text.width()));
        if self.kind == Kind::Number { format!("{room}{text}") } else { format!("{text}{room}") }
    }
}

/// Makes columns narrower until a row fits: names over more lines, then long texts, then times. What
/// does not fit even so is left out from the right, the first two columns never; gives that.
fn fit<'a>(columns: &mut Vec<Column<'a>>, width: Option<usize>) -> Vec<Column<'a>> {
    let Some(limit) = width else { return Vec::new() };
    let gaps = |n: usize| 2 * n.saturating_sub(1);
    let mut kept = columns.len();
    let least = |n: usize| columns.iter().take(n).map(|c| c.least).sum::<usize>() + gaps(n);
    while kept > 2 && least(kept) > limit {
        kept -= 1;
    }
    let left_out = columns.split_off(kept);
    let mut over = (columns.iter().map(|c| c.width).sum::<usize>() + gaps(kept)).saturating_sub(limit);
    while over > 0 {
        let wide = columns.iter_mut().filter(|c| c.width > if kept > 2 { c.least } else { LEAST });
        let Some(widest) = wide.max_by_key(|c| (c.kind != Kind::Time, c.width)) else { break };
        // A time is whole or a date.
        let less = if widest.kind == Kind::Time { widest.width.saturating_sub(DATE).max(1) } else { 1 };
        widest.width -= less;
        over = over.saturating_sub(less);
    }
    left_out
}

fn is_time(text: &str) -> bool {
    text.len() == 24 && Time::parse(text).is_some()
}

/// The value of a field; a command as it would be typed.
fn field(key: &str, value: &Value) -> String {
    let words: Option<Vec<&str>> =
        value.as_array().filter(|_| key == "command").and_then(|a| a.iter().map(Value::as_str).collect());
    match words.and_then(|words| shlex::try_join(words).ok()) {
        Some(line) => cell(&line.into()),
        None => cell(value),
    }
}

fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        // To the minute is enough for eyes.
        Value::String(text) if is_time(text) => text[..16].replacen('T', " ", 1),
        Value::String(text) => text.clone(),
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
        assert_eq!(any(&rows, None, false), "NAME        N\na           1\nlong name  22\n");
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

    #[test]
    fn what_has_no_room_is_named() {
        let rows = json!([
            {"id": "ses_0123456789abcdef", "updated": "2026-11-21T01:36:22.106Z", "title": "a long title of a talk",
             "tokens_cache_read": 12, "cost_usd": null, "workdir": "/home/dev/webapp"},
            {"id": "ses_1", "updated": "2026-11-21T01:36:22.106Z", "title": "b",
             "tokens_cache_read": 123_456, "cost_usd": 0.5, "workdir": "/home/dev/webapp"},
        ]);
        let text = any(&rows, Some(60), false);
        insta::assert_snapshot!(text, @"
        ID                    UPDATED           TITLE         TOKENS
                                                               CACHE
                                                                READ
        ses_0123456789abcdef  2026-11-21 01:36  a long titl…      12
        ses_1                 2026-11-21 01:36  b             123456
        no room for: workdir, cost usd
        ");
        assert!(any(&rows, Some(200), false).contains("2026-11-21 01:36"));
    }
}
