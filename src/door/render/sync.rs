//! The report of a sync, a line for each worktree.

use std::fmt::Write;

use serde_json::Value;

use super::table;
use crate::door::output::render_safe;

/// `sync`: features, and below each what was done where.
pub(super) fn report(value: &Value, width: Option<usize>, color: bool) -> String {
    let mut text = String::new();
    for feature in rows(value, "features") {
        let _ = writeln!(text, "{}", word(feature, "feature"));
        let mut lines = Vec::new();
        let mut notes = Vec::new();
        for host in rows(feature, "hosts") {
            if let Some(error) = host["error"]["message"].as_str() {
                notes.push(format!("  {}: {}", word(host, "host"), render_safe(error)));
            }
            for repo in rows(host, "repos") {
                let name = format!("{} {}", word(host, "host"), word(repo, "repo"));
                let told = rows(repo, "notes").filter_map(Value::as_str).map(str::to_owned);
                let failed = repo["error"]["message"].as_str().map(str::to_owned);
                notes.extend(told.chain(failed).map(|n| format!("  {name}: {}", render_safe(&n))));
                lines.push(serde_json::json!({
                    "host": host["host"], "repo": repo["repo"], "anchor": repo["anchor"],
                    "branch": repo["branch"], "worktree": repo["worktree"], "ahead": repo["ahead"],
                    "behind": repo["behind"], "dirty": repo["dirty"], "path": repo["path"],
                }));
            }
        }
        if !lines.is_empty() {
            text.push_str(&table::any(&Value::Array(lines), width, color));
        }
        for note in notes {
            let _ = writeln!(text, "{note}");
        }
    }
    text
}

fn rows<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn word(value: &Value, key: &str) -> String {
    render_safe(value[key].as_str().unwrap_or_default())
}
