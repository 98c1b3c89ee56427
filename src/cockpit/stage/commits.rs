//! The commits of a worktree: its own first of all, with a sign at those that are nowhere else.

use serde_json::Value;

use super::Line;
use crate::cockpit::amount;
use crate::cockpit::text;
use crate::config::theme::Role;
use crate::model::Time;

/// Letters of an id that are shown.
const SHORT: usize = 8;

/// The result of `worktree log` as lines.
pub(super) fn lines(result: &Value, now: Time, width: usize) -> Vec<Line> {
    let word = |key: &str| text::clean(result[key].as_str().unwrap_or_default());
    let branch = if result["branch"].is_null() { "detached".to_owned() } else { word("branch") };
    let commits: Vec<&Value> = result["commits"].as_array().into_iter().flatten().collect();
    let own = commits.iter().filter(|c| c["own"] == true).count();
    let lonely = commits.iter().filter(|c| c["pushed"] == false).count();
    let mut out = vec![
        vec![
            (branch, Role::Feature),
            (format!("  against {}", word("base")), Role::Dim),
            (format!("  {}", word("path")), Role::Dim),
        ],
        vec![
            (format!("{own} of its own"), Role::Text),
            match lonely {
                0 => (", all pushed".to_owned(), Role::Ok),
                n => (format!(", ↑ {n} not pushed"), Role::WorktreeAhead),
            },
        ],
        Vec::new(),
    ];
    if commits.is_empty() {
        out.push(vec![("there is no commit yet".to_owned(), Role::Dim)]);
    }
    let mut before = true;
    for commit in commits {
        let mine = commit["own"] == true;
        if before && !mine && own > 0 {
            out.push(vec![(format!("── {} ──", word("base")), Role::Dim)]);
        }
        before = mine;
        out.push(line(commit, mine, now, width));
    }
    if result["more"] == true {
        out.push(vec![("… and more: --limit".to_owned(), Role::Dim)]);
    }
    out
}

fn line(commit: &Value, mine: bool, now: Time, width: usize) -> Line {
    let word = |key: &str| text::clean(commit[key].as_str().unwrap_or_default());
    let id: String = word("id").chars().take(SHORT).collect();
    let age = commit["at"].as_str().and_then(Time::parse);
    let age = age.map_or_else(String::new, |at| amount::ago(at, now));
    let number = |key: &str| commit[key].as_u64();
    let counts = match (number("added"), number("deleted")) {
        (Some(added), Some(deleted)) => (format!("  +{added}"), format!(" -{deleted}")),
        _ => (String::new(), String::new()),
    };
    let author = if width >= 90 { format!("  {}", text::fit(&word("author"), 20)) } else { String::new() };
    let sign = if commit["pushed"] == false { "↑ " } else { "  " };
    let taken = 2 + SHORT + 2 + 5 + text::width(&counts.0) + text::width(&counts.1) + text::width(&author);
    let subject = text::fit(&word("subject"), width.saturating_sub(taken).max(8));
    vec![
        (sign.to_owned(), Role::WorktreeAhead),
        (format!("{id}  "), if mine { Role::Strong } else { Role::Dim }),
        (format!("{}{} ", age, " ".repeat(4_usize.saturating_sub(text::width(&age)))), Role::Time),
        (subject, if mine { Role::Text } else { Role::Dim }),
        (author, Role::Dim),
        (counts.0, Role::Ok),
        (counts.1, Role::Error),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn own_commits_stand_above_those_of_the_base() {
        let commit = |id: &str, own: bool, pushed: bool| {
            json!({ "id": id.repeat(40), "subject": "a subject", "author": "Dev", "at": "2026-11-21T10:00:00.000Z",
                    "own": own, "pushed": pushed, "files": 1, "added": 2, "deleted": 1 })
        };
        let result = json!({ "branch": "feat/pay", "base": "main", "path": "/h", "more": false,
            "commits": [commit("a", true, false), commit("b", true, true), commit("c", false, true)] });
        let now = Time::parse("2026-11-21T12:00:00Z").expect("a time");
        let shown: Vec<String> = lines(&result, now, 60)
            .iter()
            .map(|line| line.iter().map(|(t, _)| t.as_str()).collect::<String>())
            .collect();
        assert_eq!(shown[1], "2 of its own, ↑ 1 not pushed");
        assert!(
            shown[3].starts_with("↑ aaaaaaaa  2h   ") && shown[3].ends_with("a subject  +2 -1"),
            "{shown:?}"
        );
        assert!(shown[4].starts_with("  bbbbbbbb"));
        assert_eq!(shown[5], "── main ──");
        assert!(lines(&json!({}), now, 60).len() >= 4);
    }
}
