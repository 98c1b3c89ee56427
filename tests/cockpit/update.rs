//! What keys and messages do.

use session_forge::cockpit::effect::Effect;
use session_forge::cockpit::msg::{Mouse, Msg};
use session_forge::cockpit::overlay::Overlay;
use session_forge::cockpit::state::{Pane, State, Typing};
use session_forge::cockpit::subject::Subject;
use session_forge::cockpit::update::update;
use session_forge::config::chord::Mods;
use session_forge::engine::{Event, Origin, Question};
use session_forge::live::screen::mouse::{Act, Button, Turn};
use session_forge::model::snapshot::Snapshot;
use tokio::sync::oneshot;

use super::{blank, cockpit, picture, press, say, world};

fn submitted(effects: &[Effect]) -> Option<&str> {
    effects.iter().find_map(|effect| match effect {
        Effect::Submit(_, call) => {
            assert_eq!(call.origin, Origin::Cockpit);
            Some(call.line.as_str())
        }
        _ => None,
    })
}

#[test]
fn a_key_is_a_command_line_about_what_is_selected() {
    let mut state = cockpit(120, 40);
    press(&mut state, "2 down");
    let effects = press(&mut state, "s");
    assert_eq!(submitted(&effects), Some("sync payments"));
}

#[test]
fn the_worktree_says_host_feature_and_repository() {
    let mut state = cockpit(120, 40);
    press(&mut state, "2 down n");
    let Some(Overlay::Picker(picker)) = state.overlays.last() else { panic!("no choice of programs") };
    assert_eq!(picker.slot.subject(), "program");
    say(&mut state, "codex");
    let effects = press(&mut state, "enter");
    assert_eq!(
        submitted(&effects),
        Some("session start --host gpu-01 --feature payments --repo core --tool codex")
    );
}

#[test]
fn who_stands_in_hosts_means_that_host() {
    let mut state = cockpit(120, 40);
    press(&mut state, "2 down 1 n");
    say(&mut state, "shell");
    let effects = press(&mut state, "enter");
    let line = submitted(&effects).expect("submitted");
    assert!(line.starts_with("session start --host local --feature payments --repo core -- sh"), "{line}");
}

#[test]
fn without_anything_to_choose_the_person_is_told() {
    let mut state = blank("default", 120, 40);
    drop(update(&mut state, Msg::Data(Snapshot { hosts: world().hosts, ..Snapshot::default() })));
    assert!(press(&mut state, "n").is_empty());
    let shown = picture(&state);
    assert!(shown.contains("no feature is selected"), "{shown}");
}

#[test]
fn a_line_that_lacks_arguments_is_a_form() {
    let mut state = cockpit(120, 40);
    press(&mut state, "1 a");
    assert!(matches!(state.overlays.last(), Some(Overlay::Form(_))));
    say(&mut state, "gpu-03");
    press(&mut state, "enter");
    say(&mut state, "ubuntu@gpu-03");
    let effects = press(&mut state, "enter");
    assert_eq!(submitted(&effects), Some("host add gpu-03 ubuntu@gpu-03"));
}

#[test]
fn a_form_says_its_keys_and_the_whole_of_its_help() {
    for (cols, rows) in [(120, 40), (60, 18)] {
        let mut state = cockpit(cols, rows);
        press(&mut state, "2 a");
        let shown = picture(&state);
        assert!(shown.contains("enter runs it") && shown.contains("esc leaves"), "{shown}");
        assert!(shown.contains("attached to it"), "the end, too: {shown}");
    }
    let mut state = cockpit(80, 24);
    press(&mut state, "1 a");
    let shown = picture(&state);
    assert!(shown.contains("enter goes on") && shown.contains("ctrl-s runs it"), "{shown}");
}

#[test]
fn keys_are_told_of_what_is_on_the_stage() {
    let mut state = cockpit(120, 40);
    let effects = press(&mut state, "2 down d");
    let Some(Effect::Submit(id, _)) = effects.into_iter().next() else { panic!("not submitted") };
    assert!(picture(&state).contains("ctrl-c cancels"), "{}", picture(&state));
    let finished = Event::Finished { result: Some(serde_json::json!({})), error: None, ms: 1 };
    drop(update(&mut state, Msg::Job(id, finished)));
    press(&mut state, "5");
    let shown = picture(&state);
    let status = shown.lines().rfind(|line| line.contains("NORMAL")).expect("a status line");
    assert!(status.contains("] next file") && !status.contains("x stop"), "{status}");
}

#[test]
fn a_dangerous_key_asks_first() {
    let mut state = cockpit(120, 40);
    press(&mut state, "3");
    assert!(submitted(&press(&mut state, "x")).is_none());
    assert!(matches!(state.overlays.last(), Some(Overlay::Confirm(_))));
    assert!(submitted(&press(&mut state, "enter")).is_none(), "Enter is no yes");
    assert!(submitted(&press(&mut state, "n x y")).is_some());
}

#[test]
fn on_the_stage_a_session_that_is_not_shown_is_never_stopped() {
    let mut state = cockpit(120, 40);
    press(&mut state, "3 2 5 x");
    assert!(matches!(state.overlays.last(), Some(Overlay::Picker(_))), "which one?");
    press(&mut state, "esc 3 5 x");
    assert!(matches!(state.overlays.last(), Some(Overlay::Confirm(_))), "the one that is shown");
}

#[test]
fn a_command_gets_its_answer() {
    let mut state = cockpit(120, 40);
    let effects = press(&mut state, "1 down D");
    let Some(Effect::Submit(id, _)) = effects.into_iter().next() else { panic!("not submitted") };
    let (reply, mut answer) = oneshot::channel();
    let question = Question { text: "Remove host `gpu-01`?".into(), plan: Vec::new(), reply };
    drop(update(&mut state, Msg::Job(id, Event::Ask(question))));
    assert!(picture(&state).contains("Remove host"));
    for effect in press(&mut state, "y") {
        if let Effect::Answer(reply, yes) = effect {
            reply.send(yes).expect("waited for");
        }
    }
    assert_eq!(answer.try_recv(), Ok(true));
}

#[test]
fn a_plan_is_read_before_it_is_agreed_to() {
    let plan = |n: usize| {
        let file = |i: usize| format!("  untracked: notes/file-{i}.md");
        let mut lines = vec!["gpu-01 payments/core: /home/ubuntu/features/payments/core goes".to_owned()];
        lines.extend((0..n).map(file));
        lines.push("All of this is kept in a trash on its host; `sf feature restore` brings it back.".into());
        lines
    };
    for (cols, rows, name) in [(120, 30, "plan_120x30"), (60, 18, "plan_60x18")] {
        let mut state = cockpit(cols, rows);
        let effects = press(&mut state, "2 D");
        assert_eq!(submitted(&effects), Some("feature destroy payments --force"));
        let Some(Effect::Submit(id, _)) = effects.into_iter().next() else { panic!("not submitted") };
        let (reply, mut answer) = oneshot::channel();
        let text = "Remove feature `payments` with its worktrees on all hosts?".to_owned();
        drop(update(&mut state, Msg::Job(id, Event::Ask(Question { text, plan: plan(12), reply }))));
        insta::assert_snapshot!(name, picture(&state));
        press(&mut state, "pgdn pgdn pgdn");
        assert!(picture(&state).contains("brings it back"), "the end can be read: {}", picture(&state));
        press(&mut state, "pgup pgup pgup enter");
        assert!(picture(&state).contains("notes/file-0.md"), "and the begin; Enter is no yes");
        drop(press(&mut state, "esc"));
        assert!(answer.try_recv().is_err() || answer.try_recv() == Ok(false));
    }
}

#[test]
fn a_report_that_a_list_hides_is_shown_before_older_ones() {
    let mut state = cockpit(80, 24);
    for keys in ["2 s", "2 S"] {
        let effects = press(&mut state, keys);
        assert!(matches!(effects.first(), Some(Effect::Submit(..))));
    }
    let title = |state: &State| picture(state).lines().nth(1).expect("a line").trim().to_owned();
    press(&mut state, "o");
    assert_eq!(title(&state), "sync payments --dry-run");
    press(&mut state, "o");
    assert_eq!(title(&state), "sync payments", "then the one before");
}

#[test]
fn what_commands_said_is_kept() {
    let mut state = cockpit(120, 40);
    for keys in ["2 s", "2 S"] {
        let effects = press(&mut state, keys);
        let Some(Effect::Submit(id, _)) = effects.into_iter().next() else { panic!("not submitted") };
        let finished = Event::Finished { result: None, error: None, ms: 1 };
        drop(update(&mut state, Msg::Job(id, finished)));
    }
    assert!(picture(&state).contains("sync payments --dry-run"));
    press(&mut state, "esc o");
    assert!(picture(&state).contains("sync payments --dry-run"), "the newest first");
    press(&mut state, "o");
    assert!(picture(&state).contains("┌ sync payments ─"), "then the one before: {}", picture(&state));
    press(&mut state, "o");
    assert!(picture(&state).contains("sync payments --dry-run"), "and around");
}

#[test]
fn quitting_never_asks() {
    let mut state = cockpit(80, 24);
    assert!(matches!(press(&mut state, "q").as_slice(), [Effect::Quit]));
}

#[test]
fn tab_goes_to_who_waits() {
    let mut state = cockpit(120, 40);
    press(&mut state, "4 tab");
    assert_eq!(state.focus, Pane::Live);
    assert_eq!(state.selected(), Some(&Subject::Live(world().live[1].id.clone())));
}

#[test]
fn a_filter_narrows_the_list_until_esc() {
    let mut state = cockpit(80, 24);
    press(&mut state, "4 /");
    assert_eq!(state.typing, Typing::Filter);
    say(&mut state, "parser");
    assert_eq!(state.list(Pane::Transcripts).expect("a list").items().len(), 1);
    press(&mut state, "enter");
    assert_eq!(state.typing, Typing::Normal);
    assert_eq!(state.list(Pane::Transcripts).expect("a list").items().len(), 1);
    press(&mut state, "esc");
    assert_eq!(state.list(Pane::Transcripts).expect("a list").items().len(), 3);
}

#[test]
fn the_palette_completes_and_says_what_is_wrong() {
    let mut state = cockpit(120, 40);
    press(&mut state, ":");
    say(&mut state, "sync pay");
    press(&mut state, "tab");
    let effects = press(&mut state, "enter");
    assert_eq!(submitted(&effects), Some("sync payments"));
    press(&mut state, ":");
    say(&mut state, "sync --nonsense x");
    assert!(press(&mut state, "enter").is_empty());
    let shown = picture(&state);
    assert!(shown.contains("--nonsense"), "{shown}");
    assert!(matches!(state.overlays.last(), Some(Overlay::Palette(_))));
}

#[test]
fn verbs_of_the_screen_are_lines_too() {
    let mut state = cockpit(120, 40);
    press(&mut state, ":");
    say(&mut state, "focus live");
    press(&mut state, "enter");
    assert_eq!(state.focus, Pane::Live);
}

#[test]
fn the_mouse_chooses_and_scrolls() {
    let mut state = cockpit(120, 40);
    let click = Mouse { act: Act::Press(Button::Left), mods: Mods::default(), col: 4, row: 2 };
    drop(update(&mut state, Msg::Mouse(click)));
    assert_eq!(state.focus, Pane::Hosts);
    assert_eq!(state.list(Pane::Hosts).expect("a list").cursor(), 1);
    let wheel = Mouse { act: Act::Wheel(Turn::Down), mods: Mods::default(), col: 4, row: 2 };
    drop(update(&mut state, Msg::Mouse(wheel)));
    assert_eq!(state.list(Pane::Hosts).expect("a list").cursor(), 2);
}

#[test]
fn vim_moves_as_vim_does() {
    let mut state = blank("vim", 120, 40);
    drop(update(&mut state, Msg::Data(world())));
    press(&mut state, "1 G");
    assert_eq!(state.list(Pane::Hosts).expect("a list").cursor(), 2);
    press(&mut state, "g");
    assert_eq!(state.pending.len(), 1, "more is to come");
    press(&mut state, "g");
    assert_eq!(state.list(Pane::Hosts).expect("a list").cursor(), 0);
    press(&mut state, "l");
    assert_eq!(state.focus, Pane::Stage);
}
