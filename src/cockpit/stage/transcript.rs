//! A transcript as a conversation: who said what, calls of tools in one line with how they went.

use std::collections::HashMap;

use serde_json::Value;

use super::Line;
use super::prose::{prose, wrap};
use crate::cockpit::amount;
use crate::cockpit::text;
use crate::config::theme::Role;
use crate::error::Error;
use crate::model::{Time, TranscriptId};

/// The transcript that is read.
#[derive(Debug)]
pub struct Reading {
    /// Which one.
    pub id: TranscriptId,
    messages: Vec<Value>,
    /// Pages that are here, the newest first.
    pages: u64,
    /// Whether an older page is wanted, or on its way.
    more: More,
    lines: Vec<Line>,
    width: usize,
    now: Time,
    zone: i64,
}

impl Reading {
    /// Takes in what `show --page 1` gave.
    pub fn new(id: TranscriptId, shown: Value, width: usize, now: Time, zone: i64) -> Self {
        let messages = messages(shown);
        let more = if messages.is_empty() { More::None } else { More::Some };
        let mut reading = Self { id, messages, pages: 1, more, lines: Vec::new(), width: 0, now, zone };
        reading.fit(width);
        reading
    }

    /// Puts an older page in front.
    pub fn prepend(&mut self, shown: Value) {
        let mut messages = messages(shown);
        self.pages += 1;
        self.more = if messages.is_empty() { More::None } else { More::Some };
        messages.append(&mut self.messages);
        self.messages = messages;
        let width = std::mem::take(&mut self.width);
        self.fit(width);
    }

    /// The number of the next older page, if there may be one and it was not asked for yet.
    pub fn earlier(&mut self) -> Option<u64> {
        let ask = self.more == More::Some;
        if ask {
            self.more = More::Asked;
        }
        ask.then_some(self.pages + 1)
    }

    /// Says why it cannot be read.
    pub fn failed(id: TranscriptId, error: &Error, width: usize) -> Self {
        let mut lines = wrap(vec![(error.message.clone(), Role::Error)], width, "", "");
        for hint in &error.hints {
            lines.extend(wrap(vec![(hint.clone(), Role::Text)], width, "→ ", "  "));
        }
        let (now, more) = (Time::default(), More::None);
        Self { id, messages: Vec::new(), pages: 0, more, lines, width, now, zone: 0 }
    }

    /// Lays it out for a width.
    pub fn fit(&mut self, width: usize) {
        if self.width == width || (self.messages.is_empty() && !self.lines.is_empty()) {
            return;
        }
        self.width = width;
        let results = results(&self.messages);
        self.lines.clear();
        let mut speaker = None;
        for message in &self.messages {
            let body = body_of(message, &results, width);
            if body.is_empty() {
                continue;
            }
            // Who goes on speaking is not named again.
            let role = str_of(message, "role");
            if speaker != Some(role) {
                if speaker.is_some() {
                    self.lines.push(Vec::new());
                }
                self.lines.push(head_of(message, self.now, self.zone));
                speaker = Some(role);
            } else if has_text(message) {
                self.lines.push(Vec::new());
            }
            self.lines.extend(body);
        }
        if self.lines.is_empty() {
            self.lines.push(vec![("nothing was said".into(), Role::Dim)]);
        }
    }

    /// The conversation.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum More {
    Some,
    Asked,
    None,
}

fn messages(shown: Value) -> Vec<Value> {
    match shown {
        Value::Object(mut map) => match map.remove("messages") {
            Some(Value::Array(messages)) => messages,
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// How a call of a tool went.
#[derive(Clone, Copy)]
struct Went {
    failed: Option<bool>,
    exit: Option<i64>,
    lines: usize,
}

fn blocks(message: &Value) -> impl Iterator<Item = &Value> {
    let found = message.get("blocks").or_else(|| message.get("content")).and_then(Value::as_array);
    found.into_iter().flatten()
}

fn str_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn results(messages: &[Value]) -> HashMap<String, Went> {
    let all = messages.iter().flat_map(blocks).filter(|b| str_of(b, "type") == "tool_result");
    all.map(|block| {
        let went = Went {
            failed: block.get("is_error").and_then(Value::as_bool),
            exit: block.get("exit_code").and_then(Value::as_i64),
            lines: str_of(block, "content").lines().count(),
        };
        (str_of(block, "tool_use_id").to_owned(), went)
    })
    .collect()
}

fn has_text(message: &Value) -> bool {
    blocks(message).any(|block| str_of(block, "type") == "text")
}

fn body_of(message: &Value, results: &HashMap<String, Went>, width: usize) -> Vec<Line> {
    let mut body: Vec<Line> = Vec::new();
    for block in blocks(message) {
        match str_of(block, "type") {
            "text" => body.extend(prose(str_of(block, "text").trim(), width, Role::Text)),
            "summary" => body.extend(prose(str_of(block, "text").trim(), width, Role::Dim)),
            "thinking" => {
                let first = str_of(block, "text").trim().lines().next().unwrap_or_default();
                if !first.is_empty() {
                    let line = text::fit(&format!("✻ {}", text::clean(first)), width);
                    body.push(vec![(line, Role::Thinking)]);
                }
            }
            "tool_use" => body.push(call(block, results, width)),
            // Told at the call.
            "tool_result" => {}
            "image" => body.push(vec![("[picture]".into(), Role::Dim)]),
            other => body.push(vec![(format!("[{}]", text::clean(other)), Role::Dim)]),
        }
    }
    body
}

fn head_of(message: &Value, now: Time, zone: i64) -> Line {
    let role = str_of(message, "role");
    let speaker = match role {
        "user" => Role::SpeakerUser,
        "assistant" => Role::SpeakerAssistant,
        _ => Role::SpeakerSystem,
    };
    let time = message.get("time").or_else(|| message.get("timestamp")).and_then(Value::as_str);
    let time = time.and_then(Time::parse).map_or(String::new(), |t| amount::short_time(t, now, zone));
    vec![(text::clean(role), speaker), ("  ".into(), Role::Dim), (time, Role::Time)]
}

/// A call in one line: sign, name, what it was told, how it went.
fn call(block: &Value, results: &HashMap<String, Went>, width: usize) -> Line {
    let went = results.get(str_of(block, "tool_use_id"));
    let (sign, role, tail) = match went {
        None => ("⚙", Role::Call, String::new()),
        Some(Went { failed: Some(true), exit, .. }) => {
            ("✗", Role::Error, exit.map_or(" · failed".into(), |code| format!(" · exit {code}")))
        }
        Some(Went { exit: Some(code), .. }) if *code != 0 => ("✗", Role::Error, format!(" · exit {code}")),
        Some(Went { lines, .. }) => {
            let plural = if *lines == 1 { "" } else { "s" };
            ("✓", Role::Ok, if *lines > 0 { format!(" · {lines} line{plural}") } else { String::new() })
        }
    };
    let name = text::clean(str_of(block, "name"));
    let told = told(block.get("input"));
    let room = width.saturating_sub(text::width(&name) + text::width(&tail) + 4);
    vec![
        (format!("{sign} "), role),
        (name, Role::Call),
        (format!("  {}", text::fit(&text::clean(&told), room)), Role::Dim),
        (tail, Role::Dim),
    ]
}

/// What a call was told, by the argument that says most.
fn told(input: Option<&Value>) -> String {
    const TELLING: [&str; 10] =
        ["command", "file_path", "path", "pattern", "query", "url", "description", "prompt", "cmd", "input"];
    let Some(Value::Object(map)) = input else { return String::new() };
    let found = TELLING.iter().find_map(|key| map.get(*key)).or_else(|| map.values().next());
    match found {
        Some(Value::String(text)) => text.trim().lines().next().unwrap_or_default().to_owned(),
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_one_line_with_their_result() {
        let shown = serde_json::json!({"messages": [
            {"role": "user", "time": "2026-11-21T10:00:00.000Z", "blocks": [{"type": "text", "text": "Run **it**"}]},
            {"role": "assistant", "time": null, "blocks": [
                {"type": "tool_use", "tool_use_id": "a", "name": "Bash", "input": {"command": "ls\nrm"}},
                {"type": "tool_use", "tool_use_id": "b", "name": "Bash", "input": {"command": "false"}}]},
            {"role": "tool", "blocks": [
                {"type": "tool_result", "tool_use_id": "a", "content": "x\ny"},
                {"type": "tool_result", "tool_use_id": "b", "content": "", "is_error": true, "exit_code": 1}]},
        ]});
        let id: TranscriptId = "ses_0123456789abcdef".parse().expect("an id");
        let reading = Reading::new(id, shown, 40, Time::default(), 0);
        let text: Vec<String> =
            reading.lines().iter().map(|l| l.iter().map(|(t, _)| t.as_str()).collect()).collect();
        assert_eq!(
            text,
            ["user  2026-11", "Run it", "", "assistant  ", "✓ Bash  ls · 2 lines", "✗ Bash  false · exit 1"]
        );
    }
}
