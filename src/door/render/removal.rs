//! What was removed, and what was left with all that would be lost.

use std::fmt::Write;

use serde_json::Value;

use super::table;
use crate::door::output::render_safe;
use crate::model::removal::Removal;

/// `feature destroy`, `detach`, `repo remove`.
pub(super) fn report(value: &Value, width: Option<usize>, color: bool) -> String {
    let Ok(removal) = serde_json::from_value::<Removal>(value.clone()) else {
        return table::any(value, width, color);
    };
    let mut text = String::new();
    if !removal.removed.is_empty() {
        text.push_str("removed\n");
        text.push_str(&table::any(&value["removed"], width, color));
    }
    for kept in &removal.kept {
        let repo = kept.repo.as_ref().map(|repo| format!(" {repo}")).unwrap_or_default();
        let path = kept.path.as_ref().map(|path| format!(", {}", render_safe(path))).unwrap_or_default();
        let _ = writeln!(text, "left: {}{repo}{path}", kept.host);
        let lines = kept.losses.lines();
        if lines.is_empty() {
            let _ = writeln!(text, "  {}", render_safe(&kept.error.message));
        }
        for line in lines {
            let _ = writeln!(text, "  {}", render_safe(&line).replace('\n', " "));
        }
    }
    if text.is_empty() { "nothing was there\n".into() } else { text }
}
