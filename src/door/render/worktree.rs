//! What differs in a worktree, and what was committed in it.

use std::fmt::Write;

use serde_json::{Value, json};

use super::table;
use crate::door::output::render_safe;

/// `worktree diff`: the differences as git shows them, each kind under a heading. The headings are
/// nothing to `git apply`.
pub(super) fn diff(value: &Value, _: Option<usize>, color: bool) -> String {
    let mut text = heading(value);
    for (kind, told) in
        [("committed", "committed since the base"), ("staged", "staged"), ("unstaged", "not staged")]
    {
        let lines = value[kind]["text"].as_str().unwrap_or_default();
        if lines.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n# {told}");
        for line in lines.lines() {
            let _ = writeln!(text, "{}", painted(&render_safe(line), color));
        }
        if value[kind]["truncated"] == true {
            text.push_str("# and more: the rest is left out\n");
        }
    }
    let untracked: Vec<String> = value["untracked"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(render_safe)
        .collect();
    if !untracked.is_empty() {
        let _ = writeln!(text, "\n# not known to git");
        untracked.iter().for_each(|path| {
            let _ = writeln!(text, "? {path}");
        });
    }
    if text.lines().count() == 1 {
        text.push_str("nothing differs\n");
    }
    text
}

/// `worktree log`: a line for each commit.
pub(super) fn log(value: &Value, width: Option<usize>, color: bool) -> String {
    let mut text = heading(value);
    let rows: Vec<Value> = value["commits"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|commit| {
            let id: String = commit["id"].as_str().unwrap_or_default().chars().take(10).collect();
            let place = match (&commit["own"], &commit["pushed"]) {
                (Value::Bool(false), _) => "base",
                (_, Value::Bool(true)) => "pushed",
                _ => "not pushed",
            };
            json!({
                "commit": id, "where": place, "subject": commit["subject"], "author": commit["author"],
                "at": commit["at"], "added": commit["added"], "deleted": commit["deleted"],
            })
        })
        .collect();
    text.push_str(&table::any(&Value::Array(rows), width, color));
    if value["more"] == true {
        text.push_str("and more: `--limit` shows them\n");
    }
    text
}

fn heading(value: &Value) -> String {
    let word = |key: &str| render_safe(value[key].as_str().unwrap_or("?"));
    let branch = value["branch"].as_str().map_or_else(|| "a detached HEAD".to_owned(), render_safe);
    format!("# {} on {}: {branch} from {}, in {}\n", word("repo"), word("host"), word("base"), word("path"))
}

/// In the colours that git has for it.
fn painted(line: &str, color: bool) -> String {
    let paint = match line.as_bytes() {
        _ if !color => None,
        [b'd', b'i', b'f', b'f', ..] => Some("1"),
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => Some("1"),
        [b'+', ..] => Some("32"),
        [b'-', ..] => Some("31"),
        [b'@', ..] => Some("36"),
        _ => None,
    };
    paint.map_or_else(|| line.to_owned(), |paint| format!("\x1b[{paint}m{line}\x1b[0m"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_has_its_lines() {
        let value = json!({
            "repo": "core", "host": "local", "path": "/w", "branch": "feat/pay", "base": "main",
            "staged": { "text": "", "truncated": false },
            "unstaged": { "text": "diff --git a/x b/x\n@@ -1 +1 @@\n-a\n+\u{1b}b\n", "truncated": true },
            "committed": { "text": "", "truncated": false }, "untracked": ["new"],
        });
        assert_eq!(
            diff(&value, None, false),
            "# core on local: feat/pay from main, in /w\n\n# not staged\ndiff --git a/x b/x\n@@ -1 +1 @@\n-a\n+\u{fffd}b\n\
             # and more: the rest is left out\n\n# not known to git\n? new\n"
        );
        assert!(diff(&value, None, true).contains("\x1b[31m-a\x1b[0m"));
    }
}
