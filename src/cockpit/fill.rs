//! From a key or a line to something that is done: slots are filled, what is missing is asked for,
//! verbs of the screen are acted on, commands are submitted.

use super::act;
use super::complete;
use super::effect::Effect;
use super::overlay::{Confirm, Form, Overlay, Picker, Then, World};
use super::stage::Terminal;
use super::state::{Pane, State, Typing};
use super::subject::Subject;
use super::template::{Filling, Slot, Template};
use super::update::complain;
use crate::command::line;
use crate::command::screen::Action;
use crate::config::theme::Role;
use crate::engine::contract::Body;
use crate::engine::{Origin, Touch};
use crate::error::Error;
use crate::live::client::Link;
use crate::model::LiveId;

/// A key was pressed.
pub(super) fn trigger(state: &mut State, template: &Template, out: &mut Vec<Effect>) {
    let mut filling = Filling::new();
    for slot in template.slots() {
        if let Slot::Selected(name) = &slot
            && let Some(value) = selected(state, template, name)
        {
            filling.insert(slot, vec![value]);
        }
    }
    go_on(state, template.clone(), filling, out);
}

/// What the selections say to a slot: the focused pane's first, then the others'. Where a worktree
/// is meant, its three parts come from one selection, or an agent would start on the wrong host;
/// only who stands in Hosts means that host. On the stage a session is the one that is shown there or none: what stops
/// it must not find another.
fn selected(state: &State, template: &Template, name: &str) -> Option<String> {
    let on_stage = state.stage.subject.as_ref().filter(|_| state.focus == Pane::Stage);
    if state.focus == Pane::Stage && name == "session" {
        return on_stage?.slot(name, &state.data);
    }
    let mut order = vec![state.last_list];
    order.extend([Pane::Features, Pane::Live, Pane::Hosts, Pane::Transcripts]);
    let listed = order.into_iter().filter_map(|pane| state.list(pane)?.selected());
    let subjects = on_stage.into_iter().chain(listed);
    let slots = template.slots();
    let wanted: Vec<&str> =
        slots.iter().filter(|s| matches!(s, Slot::Selected(_))).map(Slot::subject).collect();
    let gives = |subject: &&Subject| wanted.iter().all(|slot| subject.slot(slot, &state.data).is_some());
    let mut whole = subjects.clone();
    if state.last_list != Pane::Hosts
        && let Some(one) = whole.find(gives)
    {
        return one.slot(name, &state.data);
    }
    let mut subjects = subjects;
    subjects.find_map(|subject| subject.slot(name, &state.data))
}

/// Asks for the next slot that is empty; when none is, the line is run.
pub(super) fn go_on(state: &mut State, template: Template, filling: Filling, out: &mut Vec<Effect>) {
    let empty = template.slots().into_iter().find(|slot| !filling.contains_key(slot));
    let Some(slot) = empty else {
        return run(state, &template.fill(&filling), out);
    };
    if slot == Slot::Asked("sure".into()) {
        let mut filling = filling;
        filling.insert(slot, Vec::new());
        let line = line::join(&template.fill(&filling));
        let question = format!("{}?", question(state, &template, &filling));
        state.overlays.push(Overlay::Confirm(Confirm {
            line,
            question,
            plan: Vec::new(),
            first: 0,
            then: Then::GoOn(template, filling),
        }));
        return;
    }
    let mut choices = complete::slot(slot.subject(), &state.data);
    narrow(state, &slot, &filling, &mut choices);
    if choices.is_empty() {
        let (what, how) = match slot.subject() {
            "feature" => ("no feature is selected, and there is none", "feature new NAME makes one"),
            "repo" => ("no worktree is selected", "select one in Features, or attach a repository"),
            "host" => ("no host is selected", "select one in Hosts"),
            "session" => ("no live session is selected", "select one in Live"),
            "transcript" => ("no transcript is selected", "select one in Transcripts"),
            _ => ("nothing fitting is selected", "select a row that it is about"),
        };
        state.tell(Role::Warn, format!("{what}: {how}"));
        return;
    }
    state.overlays.push(Overlay::Picker(Picker::new(template, filling, slot, choices)));
}

/// What a line is about to do, with ids in words.
fn question(state: &State, template: &Template, filling: &Filling) -> String {
    let words = template.fill(filling);
    let spec = state.keys.book.begins(&words).map(|(spec, _)| spec);
    // The first words of the description say what; the rest says how.
    let about = spec.map_or("", |s| s.about.split([':', ';', '.', ',']).next().unwrap_or_default());
    let session = filling.get(&Slot::Selected("session".into())).and_then(|v| v.first());
    let live = session.and_then(|id| state.data.live.iter().find(|l| l.id.as_str() == id));
    match live {
        Some(live) => {
            let name = live.name.as_ref().map_or(String::new(), |n| format!(" `{n}`"));
            format!("{about}: {}{name} in {} on {}", super::pane::program(live), live.workdir, live.host)
        }
        None => about.to_owned(),
    }
}

/// Of repositories, those of the feature that is meant; of hosts, those of its worktrees.
fn narrow(state: &State, slot: &Slot, filling: &Filling, choices: &mut Vec<super::overlay::Choice>) {
    let known = |name: &str| filling.get(&Slot::Selected(name.to_owned())).and_then(|v| v.first());
    let Some(feature) = known("feature") else { return };
    let Some(feature) = state.data.features.iter().find(|f| f.name.as_str() == feature) else { return };
    match slot.subject() {
        "repo" => choices.retain(|c| feature.repos.iter().any(|at| at.repo.as_str() == c.label)),
        "host" => {
            let repo = known("repo");
            let here = |host: &str| {
                let of = feature.repos.iter().filter(|at| repo.is_none_or(|r| r == at.repo.as_str()));
                of.flat_map(|at| &at.hosts).any(|h| h.as_str() == host)
            };
            choices.retain(|c| here(&c.label));
        }
        _ => {}
    }
}

/// Does what a line says.
pub(super) fn run(state: &mut State, words: &[String], out: &mut Vec<Effect>) {
    let parsed = match line::parse(words) {
        Ok(parsed) => parsed,
        Err(refused) => return refuse(state, words, &refused.into_error()),
    };
    match Action::of(&parsed) {
        Ok(Some(action)) => return act::act(state, &action, out),
        Ok(None) => {}
        Err(error) => return complain(state, &error),
    }
    if let Body::Open(_) = parsed.entry.body {
        return open(state, &parsed.args, out);
    }
    let name = parsed.entry.name;
    let reads = parsed.entry.touch == Touch::Reads;
    let call = parsed.call(Origin::Cockpit, state.options.jobs);
    let id = state.jobs.begin(name, call.line.clone(), state.now);
    state.stage.job = Some(id);
    state.stage.scroll = 0;
    // What only looks was asked for its result.
    let read = matches!(name, "worktree diff" | "worktree log");
    if reads && (read || state.layout().stage.is_none()) {
        state.give_focus(Pane::Stage);
    }
    out.push(Effect::Submit(id, call));
}

/// Opens the form of a command, with what a line says of it filled in.
pub(super) fn form(state: &mut State, words: &[String]) {
    let keys = state.keys.clone();
    match (keys.book.begins(words), keys.book.check(words)) {
        (Some((spec, _)), Ok(known)) => state.overlays.push(Overlay::Form(Box::new(Form::new(spec, &known)))),
        (Some(_), Err(text)) => state.tell(Role::Warn, text),
        (None, _) => state.tell(Role::Warn, format!("there is no command `{}`", line::join(words))),
    }
}

/// A line that lacks something becomes a form; any other wrong line is said to be wrong.
fn refuse(state: &mut State, words: &[String], error: &Error) {
    let keys = state.keys.clone();
    let known = keys.book.check(words);
    match (keys.book.begins(words), known) {
        (Some((spec, _)), Ok(known)) => {
            let missing =
                spec.args.iter().any(|arg| arg.required && !known.iter().any(|(id, _)| *id == arg.id));
            if missing {
                let mut form = Form::new(spec, &known);
                let aliases = &state.options.aliases;
                form.attend(World { keys: &keys, data: &state.data, aliases, notices: 0 });
                state.overlays.push(Overlay::Form(Box::new(form)));
            } else {
                complain(state, error);
            }
        }
        _ => complain(state, error),
    }
}

/// A colleague's session is shown in place of what is selected; keys go there.
fn adopt(state: &mut State, link: &str, out: &mut Vec<Effect>) {
    let id = match link.parse::<Link>() {
        Ok(link) => link.id,
        Err(error) => return complain(state, &error),
    };
    let size = super::layout::Layout::stage_size(state.shape());
    let subject = Subject::Live(id.clone());
    state.stage.pin = Some((state.selected().cloned(), subject.clone()));
    (state.stage.job, state.stage.reading) = (None, None);
    state.stage.token += 1;
    state.stage.subject = Some(subject);
    state.stage.terminal = Some(Terminal::new(id.clone(), size));
    state.focus = Pane::Stage;
    state.typing = Typing::Terminal;
    out.push(Effect::Adopt(id, link.to_owned(), size.0, size.1));
}

/// A line that opens a terminal: the session is shown on the stage, and keys go there.
fn open(state: &mut State, args: &serde_json::Map<String, serde_json::Value>, out: &mut Vec<Effect>) {
    let said: Vec<&str> = args.values().filter_map(serde_json::Value::as_str).collect();
    if let Some(link) = said.iter().find(|text| text.contains("://")) {
        return adopt(state, link, out);
    }
    let is = |live: &&crate::model::live::Live| {
        said.iter().any(|text| {
            live.id.as_str() == *text
                || live.name.as_ref().is_some_and(|n| n.as_str() == *text)
                || (text.len() >= 4
                    && live
                        .id
                        .as_str()
                        .trim_start_matches("live_")
                        .starts_with(text.trim_start_matches("live_")))
        })
    };
    let found: Vec<LiveId> = state.data.live.iter().filter(is).map(|live| live.id.clone()).collect();
    match found.as_slice() {
        [id] => {
            let id = id.clone();
            if let Some(list) = state.list_mut(Pane::Live) {
                list.filter.clear();
            }
            state.refill(Pane::Live);
            if let Some(list) = state.list_mut(Pane::Live) {
                list.choose(Subject::Live(id.clone()));
            }
            state.give_focus(Pane::Live);
            act::open(state, out);
        }
        [] => state.tell(Role::Warn, "no live session is called that"),
        _ => state.tell(Role::Warn, "more than one live session begins with that"),
    }
}
