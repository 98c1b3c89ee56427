//! What a message changes, and what is to be done about it. Synchronous and total: no clock, no
//! file, no waiting, and an answer to everything.

use super::clipboard;
use super::effect::Effect;
use super::fill;
use super::keys::Found;
use super::msg::{Link, Msg};
use super::outcome;
use super::overlay::{Overlay, Then, Verdict, World};
use super::pane;
use super::stage::Terminal;
use super::stage::talk::Want;
use super::state::{Pane, State, Typing};
use super::subject::{self, Subject};
use super::talk;
use crate::config::chord::{Chord, Key};
use crate::config::theme::Role;
use crate::error::Error;
use crate::live::screen::{Modes, Notice, Screen, keys as wire_keys};
use crate::model::LiveId;
use crate::model::snapshot::Snapshot;

/// Takes a message in.
pub fn update(state: &mut State, msg: Msg) -> Vec<Effect> {
    let mut out = Vec::new();
    match msg {
        Msg::Now(now) => {
            state.now = now;
            return out;
        }
        Msg::Size(cols, rows) => state.size = (cols, rows),
        Msg::Key(chord) => key(state, chord.canonical(), &mut out),
        Msg::Paste(text) => paste(state, &text, &mut out),
        Msg::Mouse(mouse) => super::pointer::mouse(state, mouse, &mut out),
        Msg::Colors(colors) => state.colors = Some(colors),
        Msg::Focus(on) => focus(state, on, &mut out),
        Msg::Data(data) => self::data(state, data),
        Msg::Job(id, event) => outcome::heard(state, id, event, &mut out),
        Msg::Settled(token) if token == state.stage.token => settled(state, &mut out),
        Msg::Settled(_) => {}
        Msg::Read(id, want, chunk) => talk::read(state, id, want, chunk, &mut out),
        Msg::Colored(id, key, colours) => talk::color(state, &id, key, colours),
        Msg::Painted(id, colours) => {
            if let Some(changes) = state.jobs.get_mut(id).and_then(|job| job.changes.as_mut()) {
                changes.color(colours);
            }
        }
        Msg::Found(id, text, places) => talk::found(state, &id, &text, places),
        Msg::Listed(rows) => talk::listed(state, rows),
        Msg::Health(tools) => talk::health(state, tools),
        Msg::Hits(token, found) => talk::hits(state, token, found),
        Msg::Terminal(id, link) => terminal(state, &id, link, &mut out),
        Msg::Tell(error) => complain(state, &error),
    }
    settle(state, &mut out);
    out
}

/// Runs a line that nobody typed; what is typed goes on going where it went.
pub(super) fn run_line(state: &mut State, words: &[String]) -> Vec<Effect> {
    let mut out = Vec::new();
    let shown = state.stage.job;
    fill::run(state, words, &mut out);
    state.stage.job = shown;
    out
}

/// Shows an error where it disturbs least.
pub(super) fn complain(state: &mut State, error: &Error) {
    let hint = error.hints.first().map_or(String::new(), |hint| format!(" ({hint})"));
    state.tell(Role::Error, format!("{}{hint}", error.message));
}

/// Keys go to the topmost overlay, else to the terminal, else to the filter, else to the keymap.
fn key(state: &mut State, chord: Chord, out: &mut Vec<Effect>) {
    if let Some(mut overlay) = state.overlays.pop() {
        let keys = state.keys.clone();
        let (aliases, notices) = (&state.options.aliases, state.options.notices.len());
        let world = World { keys: &keys, data: &state.data, aliases, notices };
        let verdict = overlay.key(chord, world);
        judge(state, overlay, verdict, out);
        return;
    }
    match state.typing {
        Typing::Terminal => terminal_key(state, chord, out),
        Typing::Filter => filter_key(state, chord),
        Typing::Find => talk::find_key(state, chord, out),
        Typing::JustLeft if chord == state.keys.leave => {
            state.typing = Typing::Terminal;
            state.pending.clear();
            type_chord(state, chord, out);
        }
        Typing::JustLeft | Typing::Normal => {
            state.typing = Typing::Normal;
            normal_key(state, chord, out);
        }
    }
}

pub(super) fn judge(state: &mut State, overlay: Overlay, verdict: Verdict, out: &mut Vec<Effect>) {
    match (verdict, overlay) {
        (Verdict::Stay, overlay) => state.overlays.push(overlay),
        (Verdict::Answer(yes), Overlay::Confirm(confirm)) => match confirm.then {
            Then::Answer(id, reply) => {
                state.jobs.answered(id);
                out.push(Effect::Answer(reply, yes));
            }
            Then::GoOn(template, filling) if yes => fill::go_on(state, template, filling, out),
            Then::GoOn(..) => {}
        },
        (Verdict::Picked(words), Overlay::Picker(mut picker)) => {
            picker.filling.insert(picker.slot.clone(), words);
            fill::go_on(state, picker.template, picker.filling, out);
        }
        (Verdict::Run(words), _) => fill::run(state, &words, out),
        (Verdict::Copy(text), _) => {
            let lines = text.lines().count();
            let plural = if lines == 1 { "" } else { "s" };
            state.tell(Role::Ok, format!("sent to the clipboard: {lines} line{plural}"));
            out.push(Effect::Copy(text));
        }
        (Verdict::Do(effect), overlay) => {
            state.overlays.push(overlay);
            out.push(effect);
        }
        (Verdict::Hit(hits, at), Overlay::Search(search)) => {
            state.search.kept = Some(search);
            talk::open_hit(state, hits, at, out);
        }
        (Verdict::Close, Overlay::Search(search)) => state.search.kept = Some(search),
        (Verdict::Close | Verdict::Answer(_) | Verdict::Picked(_) | Verdict::Hit(..), _) => {}
    }
}

fn normal_key(state: &mut State, chord: Chord, out: &mut Vec<Effect>) {
    state.message = None;
    state.pending.push(chord);
    let keys = state.keys.clone();
    match keys.find(state.contexts(), &state.pending) {
        Found::Binding(binding) => {
            state.pending.clear();
            fill::trigger(state, &binding.template, out);
        }
        Found::Prefix => {}
        Found::Nothing => {
            let alone = state.pending.len() == 1;
            state.pending.clear();
            // The last key of a chord that came to nothing may mean something by itself.
            if !alone {
                normal_key(state, chord, out);
            }
        }
    }
}

fn filter_key(state: &mut State, chord: Chord) {
    let pane = state.focus;
    let Some(list) = state.list_mut(pane) else {
        state.typing = Typing::Normal;
        return;
    };
    match (chord.key, chord.text()) {
        (Key::Escape, _) => {
            list.filter.clear();
            state.typing = Typing::Normal;
        }
        (Key::Enter | Key::Tab, _) => state.typing = Typing::Normal,
        (Key::Up, _) => list.step(-1),
        (Key::Down, _) => list.step(1),
        // An empty filter has nothing more to take away.
        (Key::Backspace, _) if list.filter.is_empty() => state.typing = Typing::Normal,
        (Key::Backspace, _) => {
            list.filter.pop();
        }
        (Key::Char('u'), _) if chord.mods.ctrl => list.filter.clear(),
        (_, Some(c)) => list.filter.push(c),
        _ => {}
    }
    state.refill(pane);
}

fn terminal_key(state: &mut State, chord: Chord, out: &mut Vec<Effect>) {
    if chord == state.keys.leave {
        state.typing = Typing::JustLeft;
        // It may begin a chord as well, as tmux's prefix does.
        let begins = matches!(state.keys.find(state.contexts(), &[chord]), Found::Prefix);
        state.pending = if begins { vec![chord] } else { Vec::new() };
        return;
    }
    type_chord(state, chord, out);
}

fn type_chord(state: &mut State, chord: Chord, out: &mut Vec<Effect>) {
    match modes(state) {
        Some(modes) => out.push(Effect::Input(chord.bytes(modes))),
        None => state.typing = Typing::Normal,
    }
}

/// The modes that the shown program has set; those of a fresh terminal while it is being attached.
/// Typing shows what is now.
pub(super) fn modes(state: &State) -> Option<Modes> {
    let terminal = state.stage.own_terminal()?;
    Some(terminal.screen.as_ref().map_or_else(Modes::default, |screen| {
        screen.with(|screen| {
            screen.scroll_to(0);
            screen.modes()
        })
    }))
}

/// The program that is typed into hears of it when the person turns to other things, if it wants to.
fn focus(state: &State, on: bool, out: &mut Vec<Effect>) {
    let wants = |t: &Terminal| {
        t.screen.as_ref().is_some_and(|screen| screen.with(|screen| screen.modes().focus_events))
    };
    if state.typing == Typing::Terminal && state.stage.own_terminal().is_some_and(wants) {
        out.push(Effect::Input(if on { b"\x1b[I" } else { b"\x1b[O" }.to_vec()));
    }
}

fn paste(state: &mut State, text: &str, out: &mut Vec<Effect>) {
    let keys = state.keys.clone();
    let (aliases, notices) = (&state.options.aliases, state.options.notices.len());
    if let Some(overlay) = state.overlays.last_mut() {
        out.extend(overlay.paste(text, World { keys: &keys, data: &state.data, aliases, notices }));
        return;
    }
    match state.typing {
        Typing::Terminal => {
            if let Some(modes) = modes(state) {
                let bytes = wire_keys::paste(text, modes);
                let shown = state.stage.own_terminal().and_then(|t| subject::live(&state.data, &t.id));
                out.push(match shown.filter(|live| !live.host.is_local()) {
                    Some(live) => Effect::Paste(live.id.clone(), text.to_owned(), bytes),
                    None => Effect::Input(bytes),
                });
            }
        }
        Typing::Filter => {
            let pane = state.focus;
            if let Some(list) = state.list_mut(pane) {
                list.filter.extend(text.chars().filter(|c| !c.is_control()));
            }
            state.refill(pane);
        }
        Typing::Find => {
            let typed: String = text.chars().filter(|c| !c.is_control()).collect();
            talk::type_find(state, &typed, out);
        }
        // Pasted text is no command.
        Typing::Normal | Typing::JustLeft => {
            state.tell(Role::Text, "pasting goes into a terminal, a form or the palette");
        }
    }
}

fn data(state: &mut State, mut data: Snapshot) {
    state.shelf.lay(&mut state.data, &mut data);
    state.data = data;
    for pane in Pane::LISTS {
        state.refill(pane);
    }
}

fn terminal(state: &mut State, id: &LiveId, link: Link, out: &mut Vec<Effect>) {
    let may = state.options.clipboard;
    let Some(terminal) = state.stage.terminal.as_mut().filter(|t| t.id == *id) else { return };
    match link {
        Link::On(screen) => {
            terminal.screen = Some(screen);
            terminal.problem = None;
            terminal.takes_keys = true;
        }
        Link::Picture => {
            let said = terminal.screen.as_ref().map(|s| s.with(Screen::take_notices)).unwrap_or_default();
            let mut texts = said.into_iter().filter_map(|notice| match notice {
                Notice::Clipboard(data) if may => clipboard::text(&data),
                _ => None,
            });
            // Of several at once only the last would stay.
            if let Some(text) = texts.next_back() {
                let lines = text.lines().count();
                let plural = if lines == 1 { "" } else { "s" };
                state.tell(Role::Ok, format!("the program sent {lines} line{plural} to the clipboard"));
                out.push(Effect::Copy(text));
                return;
            }
        }
        Link::Cut(error) => {
            terminal.problem = Some(format!("{}; trying again", error.message));
        }
        Link::Ended(code) => {
            let code = code.map_or(String::new(), |code| format!(" with status {code}"));
            terminal.problem = Some(format!("the program has ended{code}"));
            terminal.takes_keys = false;
        }
        Link::Failed(error) => {
            let hint = error.hints.first().map_or(String::new(), |h| format!(" ({h})"));
            terminal.problem = Some(format!("{}{hint}", error.message));
            terminal.takes_keys = false;
        }
    }
    let dead = !terminal.takes_keys;
    if dead && state.typing == Typing::Terminal {
        state.typing = Typing::Normal;
    }
}

/// The selection has rested: what it is about is fetched.
fn settled(state: &mut State, out: &mut Vec<Effect>) {
    match state.stage.subject.clone() {
        Some(Subject::Live(id)) => attach(state, &id, out),
        Some(Subject::Transcript(id)) if state.keys.book.find("show").is_some() => {
            out.push(Effect::Read(id, Want::Newest));
        }
        _ => {}
    }
}

/// Attaches a session that lives, unless it is attached.
pub(super) fn attach(state: &mut State, id: &LiveId, out: &mut Vec<Effect>) {
    let lives = subject::live(&state.data, id).is_some_and(|live| live.state.lives());
    let known = state.keys.book.find("session attach").is_some();
    let on = state.stage.terminal.as_ref().is_some_and(|t| t.id == *id && t.takes_keys);
    if !lives || !known || on {
        return;
    }
    let size = super::layout::Layout::stage_size(state.shape());
    state.stage.terminal = Some(Terminal::new(id.clone(), size));
    out.push(Effect::Attach(id.clone(), size.0, size.1));
}

/// Brings everything that depends on something else up to date.
fn settle(state: &mut State, out: &mut Vec<Effect>) {
    let layout = state.layout();
    for (i, pane) in Pane::LISTS.into_iter().enumerate() {
        let rows = layout.panes[i].map_or(0, |area| usize::from(pane::rows(state, pane, area).height));
        if let Some(list) = state.list_mut(pane) {
            list.show(rows);
        }
    }
    let selected = state.selected().cloned();
    state.stage.pin = state.stage.pin.take().filter(|(at, _)| *at == selected);
    let shown = state.stage.pin.as_ref().map(|(_, pinned)| pinned.clone()).or(selected);
    if shown != state.stage.subject {
        follow(state, shown, out);
    }
    let size = super::layout::Layout::stage_size(state.shape());
    if let Some(terminal) = &mut state.stage.terminal
        && terminal.size != size
    {
        terminal.size = size;
        out.push(Effect::Resize(size.0, size.1));
    }
    let width = outcome::width(state);
    if let Some(job) = state.stage.job.and_then(|id| state.jobs.get_mut(id))
        && let Some(changes) = &mut job.changes
    {
        changes.resize(width);
    }
    talk::settle(state, out);
    super::pointer::motion(state, out);
    if state.focus != Pane::Stage && state.typing == Typing::Terminal {
        state.typing = Typing::Normal;
    }
}

/// The stage turns to what is selected now.
fn follow(state: &mut State, shown: Option<Subject>, out: &mut Vec<Effect>) {
    let stage = &mut state.stage;
    stage.scroll = 0;
    stage.token += 1;
    // A command that runs keeps the stage until the person moves on, not until data does.
    let moved = stage.subject.is_some();
    if moved && stage.job.is_some_and(|id| state.jobs.get(id).is_none_or(|job| !job.runs())) {
        stage.job = None;
    }
    stage.reading = None;
    if stage.terminal.take().is_some() {
        out.push(Effect::Detach);
    }
    if matches!(state.typing, Typing::Terminal | Typing::Find) {
        state.typing = Typing::Normal;
    }
    match (&stage.goal, &shown) {
        // What was opened need not rest.
        (Some((id, seq, _)), Some(Subject::Transcript(shown))) if id == shown => {
            out.push(Effect::Read(id.clone(), Want::Around(*seq)));
        }
        (_, Some(Subject::Live(_) | Subject::Transcript(_))) => {
            stage.goal = None;
            out.push(Effect::Settle(stage.token));
        }
        _ => stage.goal = None,
    }
    stage.subject = shown;
}
