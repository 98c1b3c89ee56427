//! A command that runs or ran: how far it is, what it told, what came of it.

use super::prose::wrap;
use super::{Line, commits, report, value};
use crate::cockpit::amount;
use crate::cockpit::job::{Job, Outcome};
use crate::cockpit::text;
use crate::config::theme::Role;
use crate::engine::Level;
use crate::model::Time;

const BAR: usize = 24;

/// A bar of so many columns for done of total steps.
pub fn bar(done: u64, total: u64, columns: usize) -> (String, String) {
    let columns64 = columns as u64;
    let filled = (done.min(total) * columns64).checked_div(total).unwrap_or(0);
    let filled = usize::try_from(filled).unwrap_or(0).min(columns);
    ("▓".repeat(filled), "░".repeat(columns - filled))
}

pub(super) fn lines(job: &Job, now: Time, width: usize) -> Vec<Line> {
    let mut out = vec![head(job)];
    if let Some((done, total)) = job.progress.filter(|_| job.runs()) {
        let (full, empty) = bar(done, total, BAR.min(width));
        out.push(vec![
            (full, Role::Progress),
            (empty, Role::Dim),
            (format!("  {done} of {total}"), Role::Dim),
        ]);
    }
    out.push(Vec::new());
    let error = job.outcome.as_ref().and_then(|o| o.error.as_ref());
    if let Some(error) = error {
        out.extend(wrap(vec![(error.message.clone(), Role::Error)], width, "", ""));
        for hint in &error.hints {
            out.extend(wrap(vec![(hint.clone(), Role::Text)], width, "→ ", "  "));
        }
        out.push(Vec::new());
    }
    if !job.steps.is_empty() && job.outcome.as_ref().is_none_or(|o| !o.is_ok()) {
        let widest = job.steps.iter().map(|(head, _)| text::width(head)).max().unwrap_or(0).min(24);
        for (head, step) in &job.steps {
            let head = text::fit(&text::clean(head), widest);
            let pad = " ".repeat(widest - text::width(&head));
            out.push(vec![(format!("{head}{pad}  "), Role::Text), (text::clean(step), Role::Dim)]);
        }
        out.push(Vec::new());
    }
    for (level, notice) in &job.notices {
        let role = if *level == Level::Warn { Role::Warn } else { Role::Text };
        out.extend(wrap(vec![(notice.clone(), role)], width, "· ", "  "));
    }
    if !job.notices.is_empty() {
        out.push(Vec::new());
    }
    match job.outcome.as_ref().and_then(|o| o.result.as_ref()) {
        Some(result) => out.extend(match job.name {
            "sync" => report::lines(result, job.line.contains("--dry-run"), width),
            "worktree log" => commits::lines(result, now, width),
            _ => value::lines(result, width),
        }),
        None if !job.items.is_empty() => {
            out.extend(value::lines(&serde_json::Value::Array(job.items.clone()), width));
        }
        None => {}
    }
    out
}

fn head(job: &Job) -> Line {
    match &job.outcome {
        None if job.asking => vec![("waits for an answer".into(), Role::Attention)],
        None => vec![("⟳ running".into(), Role::Progress)],
        Some(outcome) => vec![ending(outcome), (format!("  {}", amount::took(outcome.ms)), Role::Dim)],
    }
}

/// How a command ended, in a word.
pub fn ending(outcome: &Outcome) -> (String, Role) {
    if outcome.is_ok() {
        ("✓ done".into(), Role::Ok)
    } else if outcome.is_cancelled() {
        ("■ interrupted".into(), Role::Warn)
    } else if outcome.result.is_some() {
        ("✗ done in part".into(), Role::Warn)
    } else {
        ("✗ failed".into(), Role::Error)
    }
}
