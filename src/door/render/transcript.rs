//! Conversations and search hits as text.

use std::fmt::Write;

use serde_json::Value;

use super::table;
use crate::door::output::render_safe;

/// Lines of one tool result that are shown; the whole is in `--json`.
const RESULT_LINES: usize = 12;

/// `show`: the head as a record, then the messages.
pub(super) fn show(value: &Value, width: Option<usize>, color: bool) -> String {
    let mut head = value.clone();
    let messages = head.as_object_mut().and_then(|fields| {
        // The canonical manifest is for programs.
        fields.remove("manifest");
        // Without --messages it is their number.
        if fields.get("messages").is_some_and(Value::is_array) { fields.remove("messages") } else { None }
    });
    let mut text = table::any(&head, width, color);
    for message in messages.as_ref().and_then(Value::as_array).into_iter().flatten() {
        text.push('\n');
        text.push_str(&self::message(message, color));
    }
    text
}

/// `dupes`: a row for each transcript, with the number of its group.
pub(super) fn dupes(value: &Value, width: Option<usize>, color: bool) -> String {
    let mut rows = Vec::new();
    for (n, group) in value["groups"].as_array().into_iter().flatten().enumerate() {
        for transcript in group["transcripts"].as_array().into_iter().flatten() {
            rows.push(serde_json::json!({
                "group": n + 1, "id": transcript["id"], "title": transcript["title"], "kind": group["kind"],
                "tool": transcript["tool"], "messages": transcript["messages"], "bytes": transcript["bytes"],
                "host": transcript["host"],
            }));
        }
    }
    if rows.is_empty() {
        return "no transcript is there twice\n".to_owned();
    }
    let bytes = &value["bytes"];
    format!("{}\n{bytes} bytes could be saved\n", table::any(&rows.into(), width, color))
}

fn message(message: &Value, color: bool) -> String {
    let word = |key: &str| message[key].as_str().unwrap_or_default();
    let head = format!("#{} {} {}", message["seq"], word("role"), word("time"));
    let mut text = format!("{}\n", paint(head.trim_end(), "1", color));
    for block in message["blocks"].as_array().into_iter().flatten() {
        text.push_str(&self::block(block, color));
    }
    text
}

fn block(block: &Value, color: bool) -> String {
    let word = |key: &str| render_safe(block[key].as_str().unwrap_or_default());
    match block["type"].as_str().unwrap_or_default() {
        "text" | "summary" => format!("{}\n", word("text").trim_end()),
        "thinking" => format!("{}\n", paint(word("text").trim_end(), "2", color)),
        "tool_use" => {
            let input = render_safe(&block["input"].to_string());
            format!("{}\n", paint(&format!("→ {} {input}", word("name")), "36", color))
        }
        "tool_result" => {
            let failed = block["is_error"].as_bool() == Some(true);
            let mut text = String::new();
            let content = word("content");
            for line in content.lines().take(RESULT_LINES) {
                let _ =
                    writeln!(text, "{}", paint(&format!("  {line}"), if failed { "31" } else { "2" }, color));
            }
            let more = content.lines().count().saturating_sub(RESULT_LINES);
            if more > 0 {
                let _ = writeln!(text, "  … {more} more lines");
            }
            text
        }
        kind => format!("[{kind}]\n"),
    }
}

/// `search`: a hit on two lines.
pub(super) fn search(value: &Value, _width: Option<usize>, color: bool) -> String {
    let hits = value["hits"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut text = String::new();
    for hit in hits {
        let word = |key: &str| render_safe(hit[key].as_str().unwrap_or_default()).replace('\n', " ");
        let place = format!("{} #{} {} {}", word("id"), hit["seq"], word("role"), word("time"));
        let _ = writeln!(text, "{}  {}", paint(&place, "2", color), word("title"));
        let _ = writeln!(text, "    {}", marks(&word("snippet"), color));
    }
    let total = value["total"].as_u64().unwrap_or(0);
    let _ = match (total, hits.len() as u64) {
        (0, _) => writeln!(text, "nothing found"),
        (total, shown) if total > shown => writeln!(text, "{shown} of {total} hits"),
        (total, _) => writeln!(text, "{total} hits"),
    };
    text
}

/// A snippet marks what was found with `«` and `»`; on a terminal it is set in bold instead.
fn marks(snippet: &str, color: bool) -> String {
    if color { snippet.replace('«', "\x1b[1m").replace('»', "\x1b[0m") } else { snippet.to_owned() }
}

fn paint(text: &str, code: &str, color: bool) -> String {
    if color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}
