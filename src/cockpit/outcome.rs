//! What becomes of commands that were run here.

use super::effect::Effect;
use super::job::JobId;
use super::overlay::{Confirm, Overlay, Then};
use super::stage::Changes;
use super::state::{Pane, State, Typing};
use super::subject::Subject;
use crate::config::theme::Role;
use crate::engine::Event;
use crate::model::LiveId;

/// Takes in what a command says; its end decides what the person sees.
pub(super) fn heard(state: &mut State, id: JobId, event: Event, out: &mut Vec<Effect>) {
    let finished = matches!(event, Event::Finished { .. });
    if let Some(question) = state.jobs.hear(id, event) {
        let line = state.jobs.get(id).map_or(String::new(), |job| job.line.clone());
        state.typing = Typing::Normal;
        state.overlays.push(Overlay::Confirm(Confirm {
            line,
            question: question.text,
            plan: question.plan,
            first: 0,
            then: Then::Answer(id, question.reply),
        }));
    }
    if !finished {
        return;
    }
    state.shelf.look_again();
    let width = width(state);
    if let Some(job) = state.jobs.get_mut(id).filter(|job| job.name == "worktree diff")
        && let Some(result) = job.outcome.as_ref().and_then(|o| o.result.as_ref())
    {
        let changes = Changes::new(result, width);
        out.push(Effect::Paint(id, changes.wanted()));
        job.changes = Some(Box::new(changes));
    }
    // A question of a command that is over needs no answer.
    state.overlays.retain(|o| !matches!(o, Overlay::Confirm(c) if c.is_of(id)));
    let Some(job) = state.jobs.get(id) else { return };
    let Some(outcome) = &job.outcome else { return };
    let begun = outcome.result.as_ref().and_then(|r| session_in(r, 2));
    let (text, role) = match &outcome.error {
        None => (format!("{}: done", job.line), Role::Ok),
        Some(_) if outcome.is_cancelled() => (format!("{}: interrupted", job.line), Role::Warn),
        Some(error) => (format!("{}: {}", job.line, error.message), Role::Error),
    };
    let starts = matches!(
        job.name,
        "session start" | "host login" | "resume" | "fork" | "worktree edit" | "worktree shell"
    );
    match begun.filter(|_| starts && outcome.is_ok()) {
        // What was begun is what people want to see.
        Some(session) => {
            if state.stage.job == Some(id) {
                state.stage.job = None;
            }
            state.give_focus(Pane::Live);
            if let Some(list) = state.list_mut(Pane::Live) {
                list.filter.clear();
                list.choose(Subject::Live(session));
            }
            state.refill(Pane::Live);
        }
        None => state.tell(role, text),
    }
    tell_files(state, id);
}

/// How one gets around in the differences of many files.
fn tell_files(state: &mut State, id: JobId) {
    let changes = state.jobs.get(id).and_then(|job| job.changes.as_deref());
    let Some(n) = changes.map(Changes::count).filter(|n| *n > 1) else { return };
    let keys = ["next file", "previous file"].map(|line| state.keys.chord_of(line).unwrap_or_default());
    state.tell(Role::Text, format!("{n} files: {} and {} go from one to the next", keys[0], keys[1]));
}

/// The columns that differences are laid out for.
pub(super) fn width(state: &State) -> usize {
    let stage = state.layout().stage.map_or(state.size.0, |area| area.width);
    super::stage::text_width(stage).into()
}

/// A live session that a result names.
fn session_in(value: &serde_json::Value, depth: usize) -> Option<LiveId> {
    use serde_json::Value;
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Array(items) if depth > 0 => items.iter().find_map(|v| session_in(v, depth - 1)),
        Value::Object(map) if depth > 0 => map.values().find_map(|v| session_in(v, depth - 1)),
        _ => None,
    }
}
