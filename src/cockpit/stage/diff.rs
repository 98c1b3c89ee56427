//! What is different in a worktree: the files of each kind with their counts, then the lines.

use serde_json::Value;

use super::Line;
use super::prose::hard;
use crate::cockpit::text;
use crate::config::theme::Role;

/// Kinds in the order in which they become permanent, with their headings.
const KINDS: [(&str, &str); 3] =
    [("committed", "Committed since the base"), ("staged", "Staged"), ("unstaged", "Not staged")];

/// The result of `worktree diff` as lines.
pub(super) fn lines(result: &Value, width: usize) -> Vec<Line> {
    let word = |key: &str| text::clean(result[key].as_str().unwrap_or_default());
    let mut out = vec![vec![
        (word("branch"), Role::Feature),
        (format!("  against {}", word("base")), Role::Dim),
        (format!("  {}", word("path")), Role::Dim),
    ]];
    let mut same = true;
    for (kind, heading) in KINDS {
        let Some(files) = result[kind]["files"].as_array().filter(|files| !files.is_empty()) else {
            continue;
        };
        same = false;
        out.push(Vec::new());
        out.push(vec![(heading.to_owned(), Role::Heading)]);
        out.extend(files.iter().map(file));
    }
    let untracked = result["untracked"].as_array().filter(|files| !files.is_empty());
    if let Some(files) = untracked {
        same = false;
        out.push(Vec::new());
        out.push(vec![("Not known to git".to_owned(), Role::Heading)]);
        out.extend(
            files.iter().map(|file| {
                vec![(format!("  {}", text::clean(file.as_str().unwrap_or_default())), Role::Text)]
            }),
        );
    }
    if same {
        out.push(Vec::new());
        out.push(vec![("nothing is different".to_owned(), Role::Ok)]);
    }
    for (kind, heading) in KINDS {
        let source = result[kind]["text"].as_str().unwrap_or_default();
        if source.is_empty() {
            continue;
        }
        out.push(Vec::new());
        out.push(vec![(heading.to_owned(), Role::Heading)]);
        for line in source.lines() {
            let rows = hard(&[(line.to_owned(), role(line))], width, &Line::new());
            out.extend(rows.into_iter().map(|row| row.line));
        }
        if result[kind]["truncated"] == true {
            out.push(vec![("… cut off here".to_owned(), Role::Warn)]);
        }
    }
    out
}

/// A file with what was added and removed; `-` for one that is no text.
fn file(file: &Value) -> Line {
    let count = |key: &str| file[key].as_u64().map_or_else(|| "-".to_owned(), |n| n.to_string());
    vec![
        (format!("  {} ", text::clean(file["status"].as_str().unwrap_or_default())), Role::WorktreeDirty),
        (format!("{:>5} ", format!("+{}", count("added"))), Role::Ok),
        (format!("{:>5}  ", format!("-{}", count("deleted"))), Role::Error),
        (text::clean(file["path"].as_str().unwrap_or_default()), Role::Text),
    ]
}

/// What a line of the unified form is.
fn role(line: &str) -> Role {
    match line.as_bytes().first() {
        _ if line.starts_with("diff ") => Role::Title,
        _ if line.starts_with("+++") || line.starts_with("---") || line.starts_with("index ") => Role::Dim,
        Some(b'@') => Role::Time,
        Some(b'+') => Role::Ok,
        Some(b'-') => Role::Error,
        _ => Role::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_have_their_files_and_lines() {
        let result = json!({
            "branch": "feat/pay", "base": "main", "path": "/h/pay/core", "untracked": ["new\u{1b}file"],
            "committed": { "files": [{ "path": "a", "status": "M", "added": 2, "deleted": 1 }], "truncated": false,
                "text": "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1,2 @@\n-old\n+new\n same\n" },
            "staged": { "files": [], "text": "", "truncated": false },
            "unstaged": { "files": [{ "path": "b", "status": "M", "added": null, "deleted": null }], "text": "", "truncated": true },
        });
        let lines = lines(&result, 40);
        let text: Vec<String> =
            lines.iter().map(|line| line.iter().map(|(text, _)| text.as_str()).collect()).collect();
        let all = text.join("\n");
        assert!(all.contains("  M    +2    -1  a") && all.contains("+-    --  b"), "{all}");
        assert!(
            all.contains("Not known to git") && !all.contains('\u{1b}') && !all.contains("Staged"),
            "{all}"
        );
        let of = |wanted: &str| lines.iter().flatten().find(|(text, _)| text == wanted).expect(wanted).1;
        assert_eq!((of("+new"), of("-old"), of("+++ b/a")), (Role::Ok, Role::Error, Role::Dim));
        assert_eq!(of("@@ -1 +1,2 @@"), Role::Time);
    }

    #[test]
    fn nothing_is_said_where_nothing_differs() {
        let last = lines(&json!({ "branch": null }), 40).pop().expect("a line");
        assert_eq!(last[0].0, "nothing is different");
    }
}
