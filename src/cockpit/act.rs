//! The verbs of the screen.

use super::effect::Effect;
use super::fill;
use super::overlay::{Help, Lines, Notices, Overlay, Palette, Select, World};
use super::stage::{self, Mark};
use super::state::{Pane, State, Typing};
use super::subject::{self, Subject};
use super::talk;
use super::update;
use crate::command::line;
use crate::command::screen::Action;
use crate::command::screen::args::{Kind, Part, Switch, To};
use crate::config::theme::Role;

/// Does what a verb says.
pub(super) fn act(state: &mut State, action: &Action, out: &mut Vec<Effect>) {
    match action {
        Action::Back => back(state),
        Action::Cancel => cancel(state, out),
        Action::Copy(part) => copy(state, *part, out),
        Action::Fill(words) => palette(state, &format!("{} ", line::join(words))),
        Action::Filter => filter(state),
        Action::Find(text) => talk::search(state, text, out),
        Action::Form(words) => fill::form(state, words),
        Action::Focus(pane) => {
            let pane = state.focus.target(*pane);
            state.give_focus(pane);
        }
        Action::Go(to) => go(state, *to),
        Action::Jump(seq) => match state.stage.shown_reading_mut() {
            Some(reading) => reading.go_to(*seq),
            None => state.tell(Role::Text, "the stage shows no transcript"),
        },
        Action::Keys => state.overlays.push(Overlay::Help(Help::default())),
        Action::Mouse(switch) => {
            let on = switch.map_or(!state.options.mouse, |s| s == Switch::On);
            state.options.mouse = on;
            state.tell(Role::Text, if on { "the mouse is on" } else { "the mouse is the terminal's" });
            out.push(Effect::Mouse(on));
        }
        Action::Next(kind) => next(state, *kind, true, out),
        Action::Notices => state.overlays.push(Overlay::Notices(Notices::default())),
        Action::Open => open(state, out),
        // Again, and the one before it is shown: what was said is kept.
        // Further back only from where one is read; one that a list hides has not been seen yet.
        Action::Output => {
            match state.jobs.before(state.stage.job.filter(|_| state.focus == Pane::Stage)).map(|job| job.id)
            {
                Some(id) => {
                    state.stage.job = Some(id);
                    state.stage.scroll = 0;
                    state.give_focus(Pane::Stage);
                }
                None => state.tell(Role::Text, "no command was run yet"),
            }
        }
        Action::Palette => palette(state, ""),
        Action::Previous(kind) => next(state, *kind, false, out),
        Action::Quit => out.push(Effect::Quit),
        Action::Redraw => out.push(Effect::Redraw),
        Action::Select => select(state),
        Action::Suspend => out.push(Effect::Suspend),
        Action::Sort(by) => talk::sort(state, *by),
        Action::Toggle(every) => {
            if state.focus != Pane::Stage || !talk::toggle(state, *every) {
                fold(state, None);
            }
        }
        Action::Zoom => {
            state.zoom = !state.zoom;
            if state.zoom {
                state.give_focus(Pane::Stage);
            }
        }
    }
}

fn palette(state: &mut State, text: &str) {
    let keys = state.keys.clone();
    let world = World { keys: &keys, data: &state.data, aliases: &state.options.aliases, notices: 0 };
    let palette = Palette::new(text, world);
    state.overlays.push(Overlay::Palette(palette));
}

/// Goes on, or back, to something of a kind.
fn next(state: &mut State, kind: Kind, forward: bool, out: &mut Vec<Effect>) {
    let mark = match kind {
        Kind::Waiting => return next_waiting(state),
        Kind::File => return next_file(state, forward),
        Kind::Prompt => Mark::Prompt,
        Kind::Message => Mark::Message,
        Kind::Call => Mark::Call,
        Kind::Code => Mark::Code,
        Kind::Hit => Mark::Hit,
    };
    talk::jump(state, mark, forward, out);
}

/// Goes from file to file of the differences on the stage.
fn next_file(state: &mut State, forward: bool) {
    let Some(area) = state.layout().stage else { return };
    let changes = state.stage.job.and_then(|id| state.jobs.get(id)).and_then(|job| job.changes.as_deref());
    let Some(changes) = changes else { return state.tell(Role::Text, "the stage shows no difference") };
    let from = state.stage.scroll.min(changes.most_scroll(area.height.into()));
    match changes.file(from, forward) {
        Some(row) => state.stage.scroll = row,
        None if forward => state.tell(Role::Text, "that was the last file"),
        None => state.stage.scroll = 0,
    }
}

/// One step back, the smallest first.
fn back(state: &mut State) {
    let pane = state.focus;
    if let Some(reading) =
        state.stage.shown_reading_mut().filter(|r| pane == Pane::Stage && r.find().is_some())
    {
        reading.end_find(false);
        state.search.hits = None;
        return;
    }
    let filtered = state.list(pane).is_some_and(|list| !list.filter.is_empty());
    if filtered {
        if let Some(list) = state.list_mut(pane) {
            list.filter.clear();
        }
        state.refill(pane);
    } else if state.stage.job.take().is_some() {
        state.stage.scroll = 0;
    } else if state.zoom {
        state.zoom = false;
    } else if state.focus == Pane::Stage {
        let list = state.last_list;
        state.give_focus(list);
    }
}

fn cancel(state: &mut State, out: &mut Vec<Effect>) {
    let shown = state.stage.job.and_then(|id| state.jobs.get(id)).filter(|job| job.runs());
    match shown.or_else(|| state.jobs.running()).map(|job| job.id) {
        Some(id) => out.push(Effect::Cancel(id)),
        None => {
            let quit = state.keys.chord_of("quit").map_or(String::new(), |key| format!("; {key} leaves"));
            state.tell(Role::Text, format!("nothing runs{quit}"));
        }
    }
}

fn copy(state: &mut State, part: Option<Part>, out: &mut Vec<Effect>) {
    if let Some(part) = part {
        let word = if part == Part::Code { "code" } else { "message" };
        match talk::part(state, part) {
            Some(text) => {
                let lines = text.lines().count();
                state.tell(
                    Role::Ok,
                    format!(
                        "sent to the clipboard: {word}, {lines} line{}",
                        if lines == 1 { "" } else { "s" }
                    ),
                );
                out.push(Effect::Copy(text));
            }
            None => state.tell(Role::Text, format!("no {word} to copy here")),
        }
        return;
    }
    let data = &state.data;
    let text = match state.selected() {
        Some(Subject::Host(host)) => data.hosts.iter().find(|h| h.name == *host).map(|h| h.target.clone()),
        Some(Subject::Feature(feature)) => {
            data.features.iter().find(|f| f.name == *feature).map(|f| f.branch.clone())
        }
        Some(Subject::Worktree(feature, repo, host)) => {
            subject::worktree(data, feature, repo, host).and_then(|w| w.path.clone())
        }
        Some(Subject::Live(id)) => Some(id.to_string()),
        Some(Subject::Transcript(id)) => Some(id.to_string()),
        None => None,
    };
    match text {
        Some(text) => {
            // Whether the terminal takes it cannot be known.
            state.tell(Role::Ok, format!("sent to the clipboard: {}", super::text::clean(&text)));
            out.push(Effect::Copy(text));
        }
        None => state.tell(Role::Text, "nothing to copy is selected"),
    }
}

/// Lets the person choose from what the stage shows, scrollback included.
pub(super) fn select(state: &mut State) {
    state.give_focus(Pane::Stage);
    let Some(area) = state.layout().stage else { return };
    let select = match state.stage.shown_terminal().and_then(|t| t.screen.clone()) {
        Some(screen) => screen.with(|screen| {
            let (back, cursor, history) = (screen.scrolled(), screen.cursor().row, screen.history());
            let mut lines = Lines::default();
            screen.each_line(&mut |text, wrapped| lines.push(text, wrapped));
            lines.set_output(screen.last_output());
            let first = history - back.min(history);
            Select::new(lines, first + usize::from(if back == 0 { cursor } else { 0 }), first)
        }),
        None if state.stage.shown_reading().is_some() => {
            let Some((lines, at, first)) = state.stage.shown_reading_mut().map(stage::Reading::plain) else {
                return;
            };
            Select::new(lines.into_iter().collect(), at, first)
        }
        None => {
            let lines = stage::plain(state, stage::text_width(area.width));
            let first = state.stage.scroll.min(lines.len().saturating_sub(area.height.into()));
            Select::new(lines.into_iter().collect(), first, first)
        }
    };
    state.overlays.push(Overlay::Select(select));
}

fn filter(state: &mut State) {
    if state.focus == Pane::Stage {
        if talk::begin_find(state) {
            return;
        }
        let list = state.last_list;
        state.give_focus(list);
    }
    state.typing = Typing::Filter;
}

/// Opens what is selected.
pub(super) fn open(state: &mut State, out: &mut Vec<Effect>) {
    match state.selected().cloned() {
        None => {}
        Some(Subject::Feature(_)) if state.focus != Pane::Stage => fold(state, None),
        Some(Subject::Live(id)) => {
            let lives = subject::live(&state.data, &id).is_some_and(|live| live.state.lives());
            state.stage.job = None;
            state.focus = Pane::Stage;
            if lives {
                // Without waiting for the selection to rest.
                state.stage.token += 1;
                state.stage.subject = Some(Subject::Live(id.clone()));
                update::attach(state, &id, out);
                state.typing = Typing::Terminal;
            } else {
                state.tell(Role::Text, "that session is over");
            }
        }
        Some(_) => state.give_focus(Pane::Stage),
    }
}

/// Folds or unfolds the feature that the cursor is in; `Some(true)` folds, `Some(false)` unfolds.
fn fold(state: &mut State, to: Option<bool>) {
    let name = match state.list(Pane::Features).and_then(super::list::List::selected) {
        Some(Subject::Feature(name) | Subject::Worktree(name, _, _)) => name.clone(),
        _ => return,
    };
    let folded = state.folded.contains(&name);
    if to.unwrap_or(!folded) {
        state.folded.insert(name.clone());
    } else {
        state.folded.remove(&name);
    }
    if let Some(list) = state.list_mut(Pane::Features) {
        list.choose(Subject::Feature(name));
    }
    state.refill(Pane::Features);
}

fn next_waiting(state: &mut State) {
    if let Some(list) = state.list_mut(Pane::Live) {
        list.filter.clear();
    }
    state.refill(Pane::Live);
    let Some(list) = state.list(Pane::Live) else { return };
    let waits = |item: &super::list::Item| {
        item.index.and_then(|i| state.data.live.get(i)).is_some_and(|l| l.state.wants_attention())
    };
    let waiting: Vec<usize> =
        list.items().iter().enumerate().filter(|(_, item)| waits(item)).map(|(i, _)| i).collect();
    let at = list.cursor();
    let here = state.last_list == Pane::Live;
    let next = waiting.iter().find(|i| !here || **i > at).or(waiting.first()).copied();
    match next {
        Some(next) => {
            state.give_focus(Pane::Live);
            if let Some(list) = state.list_mut(Pane::Live) {
                list.put(next);
            }
            // Where a list has the whole screen, going there means to see it.
            if state.layout().stage.is_none() {
                state.give_focus(Pane::Stage);
            }
        }
        None => state.tell(Role::Text, "nobody is needed"),
    }
}

fn go(state: &mut State, to: To) {
    let pane = state.focus;
    let layout = state.layout();
    let rows = match pane.index() {
        Some(i) => layout.panes[i],
        None => layout.stage,
    };
    let page = rows.map_or(1, |r| isize::try_from(r.height.saturating_sub(1).max(1)).unwrap_or(1));
    match to {
        To::Up => scroll(state, pane, -1),
        To::Down => scroll(state, pane, 1),
        To::Pageup => scroll(state, pane, -page),
        To::Pagedown => scroll(state, pane, page),
        To::Top => scroll(state, pane, isize::MIN / 2),
        To::Bottom => scroll(state, pane, isize::MAX / 2),
        To::Left => match pane {
            Pane::Stage => state.give_focus(state.last_list),
            Pane::Features => fold(state, Some(true)),
            _ => {}
        },
        To::Right => match (pane, state.selected()) {
            (Pane::Features, Some(Subject::Feature(name))) if state.folded.contains(name) => {
                fold(state, Some(false));
            }
            _ => state.give_focus(Pane::Stage),
        },
    }
}

/// Moves the cursor of a list, or what the stage shows.
pub(super) fn scroll(state: &mut State, pane: Pane, by: isize) {
    if let Some(list) = state.list_mut(pane) {
        list.step(by);
        return;
    }
    if let Some(screen) = state.stage.shown_terminal().and_then(|t| t.screen.clone()) {
        screen.with(|screen| {
            screen
                .scroll_to(screen.scrolled().saturating_add_signed(by.saturating_neg()).min(screen.history()))
        });
        return;
    }
    if talk::scroll(state, by) {
        return;
    }
    let Some(area) = state.layout().stage else { return };
    let most = stage::most_scroll(state, stage::text_width(area.width), area.height);
    state.stage.scroll = state.stage.scroll.min(most).saturating_add_signed(by).min(most);
}
