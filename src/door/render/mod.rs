//! Results as text for people: a table for rows, lines for a record, and something better for the
//! commands that deserve it.

mod doctor;
mod hosts;
mod removal;
mod sync;
mod table;
mod transcript;
mod worktree;

use serde_json::Value;

/// How a result is drawn: the value, the width of the terminal if there is one, whether to colour.
type Draw = fn(&Value, Option<usize>, bool) -> String;

/// The commands that the general form does not serve well.
const SPECIAL: &[(&str, Draw)] = &[
    ("completions", |v, _, _| text_of(v, "script")),
    ("detach", removal::report),
    ("doctor", doctor::report),
    ("dupes", transcript::dupes),
    ("feature destroy", removal::report),
    ("host check", hosts::table),
    ("host list", hosts::table),
    ("repo remove", removal::report),
    ("search", transcript::search),
    ("session screen", |v, _, color| screen(v, color)),
    ("show", transcript::show),
    ("sync", sync::report),
    ("worktree diff", worktree::diff),
    ("worktree log", worktree::log),
];

/// The lines of a screen. With `--ansi` they carry colours of the program's, and those alone: the
/// screen is drawn anew from its cells.
fn screen(value: &Value, color: bool) -> String {
    let lines = value["lines"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut text: String = lines.map(|line| format!("{line}\n")).collect();
    if color {
        text.push_str("\x1b[0m");
    }
    text
}

/// The columns that people want of rows with many fields, most wanted first, by command and field of
/// its result (none: it is the rows); `--json` has them all.
const COLUMNS: &[(&str, &str, &[&str])] = &[
    (
        "capture",
        "by_tool",
        &[
            "tool",
            "found",
            "sessions_new",
            "sessions_updated",
            "messages",
            "bytes_read",
            "skipped_lines",
            "skipped_files",
        ],
    ),
    (
        "cost",
        "rows",
        &[
            "key",
            "cost_usd",
            "sessions",
            "tokens_in",
            "tokens_out",
            "tokens_cache_read",
            "tokens_cache_write",
            "unpriced_tokens",
        ],
    ),
    (
        "list",
        "",
        &[
            "id",
            "updated",
            "tool",
            "title",
            "messages",
            "tokens_in",
            "tokens_out",
            "cost_usd",
            "workdir",
            "host",
        ],
    ),
    (
        "session list",
        "",
        &["id", "name", "host", "state", "exit_code", "tool", "command", "workdir", "started"],
    ),
    ("watcher list", "", &["tool", "health", "captured", "sessions", "enabled", "found", "roots"]),
    (
        "worktree list",
        "",
        &["feature", "repo", "host", "branch", "ahead", "behind", "dirty", "stashed", "last_commit", "path"],
    ),
];
/// A command's result as text.
pub(super) fn result(id: &str, value: &Value, width: Option<usize>, color: bool) -> String {
    let draw = SPECIAL.iter().find(|(name, _)| *name == id).map(|(_, draw)| *draw);
    match draw {
        Some(draw) => draw(value, width, color),
        None => {
            let columns = |field: &str| {
                COLUMNS
                    .iter()
                    .find(|(name, of, _)| (*name, *of) == (id, field))
                    .map(|(_, _, columns)| *columns)
            };
            table::result(value, &columns, width, color)
        }
    }
}

fn text_of(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}
