//! What messages and keys mean for the transcript on the stage, and for what is known of all of
//! them.

use super::effect::Effect;
use super::layout::Layout;
use super::overlay::{Overlay, Search, found_words};
use super::shelf::Health;
use super::stage::talk::{Chunk, Want};
use super::stage::{self, Kind, Mark, Reading};
use super::state::{Pane, State, Typing};
use super::subject::{self, Subject};
use super::syntax::Colours;
use super::update::complain;
use crate::command::screen::args::{By, Every, Part};
use crate::config::chord::{Chord, Key};
use crate::config::theme::Role;
use crate::error::Result;
use crate::model::TranscriptId;
use crate::model::transcript::{Hit, TranscriptRow};

/// Columns and rows of the talk on the stage.
fn size(state: &State) -> (usize, usize) {
    stage::reading_size(Layout::stage_size(state.shape()))
}

/// Messages have come.
pub(super) fn read(
    state: &mut State,
    id: TranscriptId,
    want: Want,
    chunk: Result<Chunk>,
    out: &mut Vec<Effect>,
) {
    if state.stage.subject != Some(Subject::Transcript(id.clone())) {
        return;
    }
    let (size, now, zone) = (size(state), state.now, state.zone);
    let known = state.stage.reading.as_mut().filter(|reading| reading.id == id);
    match (known, chunk) {
        (Some(reading), Ok(chunk)) => reading.take(want, chunk),
        (Some(reading), Err(error)) => {
            reading.give_up(want);
            complain(state, &error);
        }
        (None, Err(error)) => state.stage.reading = Some(Reading::failed(id.clone(), &error, size)),
        (None, Ok(chunk)) => {
            state.stage.reading = Some(match want {
                Want::Around(seq) => Reading::around(id.clone(), seq, chunk, size, now, zone),
                Want::Newest | Want::Range(..) => Reading::new(id.clone(), chunk, size, now, zone),
            });
        }
    }
    if let Some((_, seq, text)) = state.stage.goal.take_if(|(goal, ..)| *goal == id) {
        mark(state, &id, seq, &text, out);
    }
}

/// Goes to a message and marks a text in it.
fn mark(state: &mut State, id: &TranscriptId, seq: u64, text: &str, out: &mut Vec<Effect>) {
    let Some(reading) = state.stage.shown_reading_mut() else { return };
    reading.end_find(false);
    if reading.look_for(text) {
        out.push(Effect::Find(id.clone(), text.to_owned()));
    }
    reading.go_to(seq);
    reading.mind_here();
}

/// Colours have been found.
pub(super) fn color(state: &mut State, id: &TranscriptId, key: u64, colours: Option<Colours>) {
    if let Some(reading) = state.stage.reading.as_mut().filter(|reading| reading.id == *id) {
        reading.color(key, colours);
    }
}

/// It is known where a text stands.
pub(super) fn found(state: &mut State, id: &TranscriptId, text: &str, places: Result<Vec<u64>>) {
    match (state.stage.reading.as_mut().filter(|reading| reading.id == *id), places) {
        (Some(reading), Ok(places)) => reading.found(text, places),
        (Some(_), Err(error)) => complain(state, &error),
        (None, _) => {}
    }
}

/// All transcripts are known.
pub(super) fn listed(state: &mut State, rows: Result<Vec<TranscriptRow>>) {
    match rows {
        Ok(rows) => {
            state.shelf.take(&mut state.data, rows);
            state.refill(Pane::Transcripts);
        }
        Err(error) => tracing::warn!("list: {error}"),
    }
}

/// It is known how capturing goes.
pub(super) fn health(state: &mut State, tools: Result<Vec<Health>>) {
    match tools {
        Ok(tools) => state.shelf.tools = tools,
        Err(error) => tracing::warn!("watcher list: {error}"),
    }
}

/// A search has an answer.
pub(super) fn hits(state: &mut State, token: u64, found: Result<(u64, Vec<Hit>)>) {
    let over = state.overlays.iter_mut().find_map(|overlay| match overlay {
        Overlay::Search(search) => Some(search),
        _ => None,
    });
    if let Some(search) = over.or(state.search.kept.as_mut()) {
        search.take(token, found);
    }
}

/// Lays the search over all transcripts over the screen; without words, the last one as it was.
pub(super) fn search(state: &mut State, text: &str, out: &mut Vec<Effect>) {
    let kept = state.search.kept.take();
    let token = kept.as_ref().map_or(0, |search| search.token());
    let (search, effect) = match kept.filter(|_| text.is_empty()) {
        Some(kept) => (kept, None),
        None => {
            let (search, effect) = Search::new(text, token);
            (Box::new(search), effect)
        }
    };
    out.extend(effect);
    state.overlays.push(Overlay::Search(search));
}

/// Shows one of the hits of a search.
pub(super) fn open_hit(state: &mut State, hits: Vec<Hit>, at: usize, out: &mut Vec<Effect>) {
    let Some(hit) = hits.get(at) else { return };
    let (id, seq, text) = (hit.id.clone(), hit.seq, found_words(hit));
    let place = format!("hit {} of {}", at + 1, hits.len());
    state.search.hits = Some((hits, at));
    state.stage.job = None;
    let here = state.stage.shown_reading().is_some_and(|reading| reading.id == id);
    if let Some(list) = state.list_mut(Pane::Transcripts) {
        list.filter.clear();
    }
    state.refill(Pane::Transcripts);
    let subject = Subject::Transcript(id.clone());
    if let Some(list) = state.list_mut(Pane::Transcripts) {
        list.choose(subject.clone());
    }
    state.last_list = Pane::Transcripts;
    state.focus = Pane::Stage;
    // It may be older than the list goes.
    state.stage.pin = Some((state.selected().cloned(), subject));
    state.message = Some((Role::Dim, place));
    if here {
        mark(state, &id, seq, &text, out);
    } else {
        state.stage.goal = Some((id, seq, text));
    }
}

/// Goes to the next or the last thing of a kind in the transcript.
pub(super) fn jump(state: &mut State, to: Mark, forward: bool, out: &mut Vec<Effect>) {
    if to == Mark::Hit
        && let Some((hits, at)) = state.search.hits.take()
    {
        let last = hits.len().saturating_sub(1);
        let next = if forward { (at + 1).min(last) } else { at.saturating_sub(1) };
        if next == at {
            state.tell(Role::Text, if forward { "that was the last hit" } else { "that was the first hit" });
            state.search.hits = Some((hits, at));
            return;
        }
        return open_hit(state, hits, next, out);
    }
    let Some(reading) = state.stage.shown_reading_mut() else {
        return state.tell(Role::Text, "the stage shows no transcript");
    };
    if !reading.jump(to, forward) {
        let what = match to {
            Mark::Prompt => "prompt",
            Mark::Message => "message",
            Mark::Call => "call",
            Mark::Code => "code",
            Mark::Hit => "match",
        };
        let text = match reading.find() {
            None if to == Mark::Hit => "nothing is looked for yet".to_owned(),
            _ if forward => format!("no {what} below"),
            _ => format!("no {what} above"),
        };
        state.tell(Role::Text, text);
    }
}

/// Folds or unfolds; `None` is what is read. Whether there is a transcript to do it in.
pub(super) fn toggle(state: &mut State, every: Option<Every>) -> bool {
    let Some(reading) = state.stage.shown_reading_mut() else { return false };
    let kinds: &[Kind] = match every {
        None => {
            if !reading.toggle() {
                state.tell(Role::Text, "nothing to unfold here");
            }
            return true;
        }
        Some(Every::All) => &[Kind::Call, Kind::Thinking, Kind::Context, Kind::Agent],
        Some(Every::Calls) => &[Kind::Call],
        Some(Every::Reasoning) => &[Kind::Thinking],
        Some(Every::Agents) => &[Kind::Agent],
    };
    reading.toggle_all(kinds);
    true
}

/// A part of the transcript, to be copied.
pub(super) fn part(state: &mut State, part: Part) -> Option<String> {
    let reading = state.stage.shown_reading_mut()?;
    match part {
        Part::Message => reading.message(),
        Part::Code => reading.code(),
    }
}

/// Scrolls the transcript, if one is shown.
pub(super) fn scroll(state: &mut State, by: isize) -> bool {
    let Some(reading) = state.stage.shown_reading_mut() else { return false };
    match by {
        -1 | 1 => reading.step(by),
        isize::MIN..=-100_000 => reading.top(),
        100_000.. => reading.bottom(),
        _ => reading.scroll(by),
    }
    true
}

/// A row of the stage was pressed: it is read, and unfolded if it is folded.
pub(super) fn press(state: &mut State, row: usize, height: u16) {
    let head = usize::from(height).saturating_sub(stage::reading_size((0, height)).1);
    let Some(reading) = state.stage.shown_reading_mut() else { return };
    if let Some(row) = row.checked_sub(head) {
        reading.point(row);
        if reading.is_on_fold() {
            reading.toggle();
        }
    }
}

/// Sorts the list of transcripts.
pub(super) fn sort(state: &mut State, by: Option<By>) {
    state.shelf.sort = by.unwrap_or(state.shelf.sort.next());
    state.refill(Pane::Transcripts);
    state.tell(Role::Text, format!("transcripts by {}", state.shelf.sort.as_str()));
}

/// Begins to look for a text in the transcript; whether there is one.
pub(super) fn begin_find(state: &mut State) -> bool {
    let Some(reading) = state.stage.shown_reading_mut() else { return false };
    reading.begin_find();
    state.search.hits = None;
    state.typing = Typing::Find;
    true
}

pub(super) fn find_key(state: &mut State, chord: Chord, out: &mut Vec<Effect>) {
    let Some(reading) = state.stage.shown_reading_mut() else {
        state.typing = Typing::Normal;
        return;
    };
    let mut text = reading.find().map_or(String::new(), |find| find.text.clone());
    match (chord.key, chord.text()) {
        (Key::Escape, _) => {
            reading.end_find(true);
            state.typing = Typing::Normal;
            return;
        }
        (Key::Enter | Key::Tab, _) => {
            if text.is_empty() {
                reading.end_find(false);
            }
            state.typing = Typing::Normal;
            return;
        }
        (Key::Down | Key::Up, _) => {
            reading.jump(Mark::Hit, chord.key == Key::Down);
            return;
        }
        (Key::Backspace, _) if text.is_empty() => {
            reading.end_find(true);
            state.typing = Typing::Normal;
            return;
        }
        (Key::Backspace, _) => drop(text.pop()),
        (Key::Char('u'), _) if chord.mods.ctrl => text.clear(),
        (_, Some(c)) => text.push(c),
        _ => return,
    }
    look_for(state, &text, out);
}

/// Pasted text is looked for, too.
pub(super) fn type_find(state: &mut State, more: &str, out: &mut Vec<Effect>) {
    let text = state.stage.shown_reading().and_then(Reading::find).map_or(String::new(), |f| f.text.clone());
    look_for(state, &(text + more), out);
}

fn look_for(state: &mut State, text: &str, out: &mut Vec<Effect>) {
    let Some(reading) = state.stage.shown_reading_mut() else { return };
    if reading.look_for(text) {
        out.push(Effect::Find(reading.id.clone(), text.to_owned()));
    }
}

/// Brings the transcript up to date with the screen and the world.
pub(super) fn settle(state: &mut State, out: &mut Vec<Effect>) {
    let size = size(state);
    if let Some(reading) = &mut state.stage.reading {
        reading.fit(size);
        if let Some(row) = subject::transcript(&state.data, &reading.id) {
            reading.heed(row.messages, row.model.as_deref());
        }
        if let Some(want) = reading.want() {
            out.push(Effect::Read(reading.id.clone(), want));
        }
        let colours = reading.wanted_colours();
        if !colours.is_empty() {
            out.push(Effect::Color(reading.id.clone(), colours));
        }
    }
    if state.typing == Typing::Find && (state.focus != Pane::Stage || state.stage.shown_reading().is_none()) {
        state.typing = Typing::Normal;
    }
    if state.shelf.wants_list(&state.data, state.now) {
        out.push(Effect::List);
    }
    if state.shelf.wants_look(&state.data, state.now) {
        out.push(Effect::Health);
    }
}
