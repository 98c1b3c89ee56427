//! What a sync did, or would do: a line for each worktree, and below it what is to be known of it.

use serde_json::Value;

use super::Line;
use super::prose::wrap;
use crate::cockpit::text;
use crate::config::theme::Role;

/// The result of `sync` as lines; `planned` when it was only said what would be done.
pub(super) fn lines(result: &Value, planned: bool, width: usize) -> Vec<Line> {
    let mut out = Vec::new();
    let (mut changed, mut same, mut failed) = (0, 0, 0);
    for feature in list(result, "features") {
        out.push(vec![(word(feature, "feature"), Role::Feature)]);
        let places: Vec<(&Value, &Value)> = list(feature, "hosts")
            .flat_map(|host| list(host, "repos").map(move |repo| (host, repo)))
            .collect();
        let widest = |key: &str, pick: fn(&(&Value, &Value)) -> Value| {
            places.iter().map(|p| text::width(&word(&pick(p), key))).max().unwrap_or(0).min(24)
        };
        let (hosts, repos) = (widest("host", |p| p.0.clone()), widest("repo", |p| p.1.clone()));
        for host in list(feature, "hosts") {
            if let Some(error) = host.get("error").filter(|e| !e.is_null()) {
                failed += 1;
                out.push(vec![("  ✗ ".into(), Role::Error), (word(host, "host"), Role::Text)]);
                out.extend(problem(error, width));
            }
            for repo in list(host, "repos") {
                let bad = repo.get("error").is_some_and(|e| !e.is_null());
                let did = did(repo, planned);
                let sign = match (bad, did.is_empty()) {
                    (true, _) => ("✗", Role::Error),
                    (false, true) => ("·", Role::Dim),
                    (false, false) => ("✓", Role::Ok),
                };
                match sign.0 {
                    "✗" => failed += 1,
                    "✓" => changed += 1,
                    _ => same += 1,
                }
                let mut line = vec![
                    (format!("  {} ", sign.0), sign.1),
                    (pad(&word(host, "host"), hosts), Role::Text),
                    (pad(&word(repo, "repo"), repos), Role::Text),
                    (if did.is_empty() && !bad { "unchanged".to_owned() } else { did.join(", ") }, Role::Dim),
                ];
                line.extend(marks(repo));
                out.push(line);
                for note in list(repo, "notes").filter_map(Value::as_str) {
                    out.extend(wrap(vec![(text::clean(note), Role::Warn)], width, "      ", "      "));
                }
                if let Some(error) = repo.get("error").filter(|_| bad) {
                    out.extend(problem(error, width));
                }
            }
        }
        out.push(Vec::new());
    }
    let word = if planned { "to be changed" } else { "changed" };
    let mut sum = vec![(format!("{changed} {word}, {same} unchanged"), Role::Dim)];
    if failed > 0 {
        sum.push((format!(", {failed} failed"), Role::Error));
    }
    out.push(sum);
    out
}

/// What was done to a worktree, in words; nothing when nothing was.
fn did(repo: &Value, planned: bool) -> Vec<&'static str> {
    let at = |key: &str| repo[key].as_str().unwrap_or_default();
    let words = [
        match (at("anchor"), planned) {
            ("created", false) => "cloned",
            ("created", true) => "clone",
            ("updated", false) => "fetched",
            ("updated", true) => "fetch",
            _ => "",
        },
        match (at("branch"), planned) {
            ("created", false) => "branch made",
            ("created", true) => "make the branch",
            ("tracked", false) => "branch tracked",
            ("tracked", true) => "track the branch",
            _ => "",
        },
        match (at("worktree"), planned) {
            ("created", false) => "worktree made",
            ("created", true) => "make the worktree",
            _ => "",
        },
    ];
    words.into_iter().filter(|word| !word.is_empty()).collect()
}

fn marks(repo: &Value) -> Line {
    let counts = [
        ("ahead", "↑", Role::WorktreeAhead),
        ("behind", "↓", Role::WorktreeBehind),
        ("dirty", "✎", Role::WorktreeDirty),
    ];
    let some = counts.into_iter().filter_map(|(key, sign, role)| {
        let n = repo[key].as_u64().filter(|n| *n > 0)?;
        Some((format!("  {sign}{n}"), role))
    });
    some.collect()
}

fn problem(error: &Value, width: usize) -> Vec<Line> {
    let mut lines = wrap(vec![(word(error, "message"), Role::Error)], width, "      ", "      ");
    for hint in list(error, "hints").filter_map(Value::as_str) {
        lines.extend(wrap(vec![(text::clean(hint), Role::Text)], width, "      → ", "        "));
    }
    lines
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn word(value: &Value, key: &str) -> String {
    text::clean(value[key].as_str().unwrap_or_default())
}

fn pad(text: &str, width: usize) -> String {
    let text = text::fit(text, width);
    format!("{text}{}  ", " ".repeat(width.saturating_sub(text::width(&text))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(planned: bool) -> Vec<String> {
        let result = json!({ "features": [{ "feature": "pay", "hosts": [
            { "host": "gpu-01", "ok": true, "error": null, "repos": [
                { "repo": "core", "anchor": "created", "branch": "tracked", "worktree": "created", "ahead": 2, "behind": 0, "dirty": null, "notes": [], "error": null },
                { "repo": "web", "anchor": "unchanged", "branch": "unchanged", "worktree": "unchanged", "ahead": 0, "behind": 0, "dirty": 1,
                  "notes": ["1 file is not committed; left alone"], "error": null } ] },
            { "host": "far", "ok": false, "error": { "code": "unreachable", "message": "no route", "hints": ["ssh -v far"] }, "repos": [] } ] }] });
        let line =
            |line: &Line| line.iter().map(|(t, _)| t.as_str()).collect::<String>().trim_end().to_owned();
        lines(&result, planned, 60).iter().map(line).collect()
    }

    #[test]
    fn every_worktree_has_a_line_and_every_problem_its_words() {
        assert_eq!(
            shown(false),
            [
                "pay",
                "  ✓ gpu-01  core  cloned, branch tracked, worktree made  ↑2",
                "  · gpu-01  web   unchanged  ✎1",
                "      1 file is not committed; left alone",
                "  ✗ far",
                "      no route",
                "      → ssh -v far",
                "",
                "1 changed, 1 unchanged, 1 failed",
            ]
        );
        assert_eq!(shown(true)[1], "  ✓ gpu-01  core  clone, track the branch, make the worktree  ↑2");
    }
}
