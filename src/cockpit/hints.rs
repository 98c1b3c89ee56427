//! What keys would do now, for the status line.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::overlay::Overlay;
use super::state::{Pane, State, Typing};
use super::subject::Subject;
use super::text;
use crate::command::table::Table;
use crate::config::keymap::Context;
use crate::engine::Catalog;
use crate::engine::contract::Body;

/// What keys would do now, as many as there is room for, at the right edge.
pub fn hints(state: &State, area: Rect, (key, hint): (Style, Style), buf: &mut Buffer) {
    let texts: Vec<(String, String)> = match (state.overlays.last(), state.typing) {
        (Some(Overlay::Form(form)), _) => form.hints(),
        (Some(Overlay::Select(_)), _) => {
            let keys = [("v", "selects"), ("V", "lines"), ("/", "find"), ("y", "copies"), ("q", "leaves")];
            keys.map(|(key, what)| (key.to_owned(), what.to_owned())).into()
        }
        (_, Typing::Terminal) => vec![(state.keys.leave.to_string(), "leaves the terminal".into())],
        (_, Typing::Filter) => vec![("enter".into(), "keeps".into()), ("esc".into(), "clears".into())],
        (_, Typing::Find) => vec![
            ("↑↓".into(), "goes on".into()),
            ("enter".into(), "keeps".into()),
            ("esc".into(), "goes back".into()),
        ],
        (_, Typing::Normal | Typing::JustLeft) => normal_hints(state),
    };
    // The last ones (palette, help) are never left out for the others.
    let mut room = usize::from(area.width);
    let mut chosen: Vec<&(String, String)> = Vec::new();
    let size = |(k, what): &(String, String)| text::width(k) + text::width(what) + 3;
    let (first, always) = texts.split_at(texts.len().saturating_sub(2));
    for pair in always.iter().rev().chain(first) {
        let size = size(pair);
        if size > room {
            continue;
        }
        room -= size;
        chosen.push(pair);
    }
    let order = |pair: &&(String, String)| texts.iter().position(|p| p == *pair);
    chosen.sort_by_key(order);
    let mut x = area.x + u16::try_from(room).unwrap_or(0);
    for (k, what) in chosen {
        x += text::put(buf, x, area.y, k, key, area.right().saturating_sub(x));
        x += text::put(buf, x, area.y, &format!(" {what}"), hint, area.right().saturating_sub(x));
        x += 2;
    }
}

/// Commands that hold everywhere, then those of the focused pane, then the ways to more.
fn normal_hints(state: &State) -> Vec<(String, String)> {
    let mut texts: Vec<(String, String)> = Vec::new();
    if matches!(state.selected(), Some(Subject::Live(_)))
        && state.focus == Pane::Stage
        && let Some(key) = state.keys.chord_of("open")
    {
        texts.push((key, "type".into()));
    }
    if state.contexts().contains(&Context::Reading) {
        texts.extend(verbs(
            state,
            &[
                ("toggle", "unfold"),
                ("toggle all", "all"),
                ("filter", "find"),
                ("next prompt", "prompt"),
                ("copy message", "copy"),
                ("find", "search"),
            ],
        ));
        texts.extend(ways_on(state));
        return texts;
    }
    if state.jobs.running().is_some() {
        texts.extend(verbs(state, &[("cancel", "cancels")]));
    }
    let on_stage = state.focus == Pane::Stage && state.stage.shown_terminal().is_none();
    if let Some(job) = state.job_shown().and_then(|id| state.jobs.get(id)).filter(|_| on_stage) {
        if job.name == "worktree diff" {
            texts.extend(verbs(state, &[("next file", "next file"), ("previous file", "file before")]));
        }
        texts.extend(verbs(state, &[("output", "reports before"), ("back", "back")]));
        texts.extend(ways_on(state));
        return texts;
    }
    let own = state.contexts().iter().flat_map(|context| state.keys.rows(*context));
    let everywhere = state.keys.rows(Context::Global);
    for binding in everywhere.chain(own) {
        let verb = Table.find(binding.name).is_none_or(|e| matches!(e.body, Body::Screen));
        // Without a session there, what is done with one is no help.
        let lacks = on_stage && binding.template.line.contains("{session}");
        if !verb && !lacks {
            let word = label(binding.name, &binding.template.line);
            if texts.iter().all(|(_, known)| *known != word) {
                texts.push((crate::config::chord::spell(&binding.chords), word));
            }
        }
    }
    texts.extend(ways_on(state));
    texts
}

/// The keys of some verbs, as they are bound here, with a word for each.
fn verbs(state: &State, lines: &[(&str, &str)]) -> Vec<(String, String)> {
    let hint = |(line, word): &(&str, &str)| {
        let bound = |b: &&super::keys::Binding| b.template.line == *line;
        let chords = state.contexts().iter().flat_map(|c| state.keys.rows(*c)).find(bound).map(|b| &b.chords);
        let chord = chords.map(|chords| crate::config::chord::spell(chords));
        Some((chord.or_else(|| state.keys.chord_of(line))?, (*word).to_owned()))
    };
    lines.iter().filter_map(hint).collect()
}

/// The ways to everything else.
fn ways_on(state: &State) -> Vec<(String, String)> {
    let ways = [("palette", "commands"), ("keys", "help")];
    ways.into_iter().filter_map(|(line, word)| Some((state.keys.chord_of(line)?, word.to_owned()))).collect()
}

/// A command in a word: the group is the pane's, or goes without saying.
fn label(name: &str, line: &str) -> String {
    let word = match name {
        "session start" => "new",
        "feature new" => "add",
        "repo add" => "add repo",
        "handoff" => "hand off",
        name => name.split_once(' ').map_or(name, |(_, verb)| verb),
    };
    if line.contains("--dry-run") { format!("{word}?") } else { word.to_owned() }
}
