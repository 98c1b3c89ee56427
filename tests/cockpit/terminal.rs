//! A terminal on the stage: its keys, its mouse, its size, what begins and ends it.

use std::sync::Arc;

use session_forge::cockpit::effect::Effect;
use session_forge::cockpit::msg::{Link, Mouse, Msg};
use session_forge::cockpit::overlay::Overlay;
use session_forge::cockpit::state::{Pane, State, Typing};
use session_forge::cockpit::subject::Subject;
use session_forge::cockpit::update::update;
use session_forge::config::chord::Mods;
use session_forge::engine::Event;
use session_forge::live::screen::mouse::{Act, Button, Turn};
use session_forge::live::screen::{Screen, SharedScreen};

use super::{blank, cockpit, picture, press, say, world};

/// A cockpit whose first live session is on the stage, with keys going to it.
fn attached(screen: Screen) -> State {
    attached_with("default", screen)
}

fn attached_with(keymap: &str, screen: Screen) -> State {
    let mut state = blank(keymap, 120, 40);
    drop(update(&mut state, Msg::Data(world())));
    let effects = press(&mut state, "3 enter");
    let attach = effects.into_iter().find_map(|effect| match effect {
        Effect::Attach(id, cols, rows) => Some((id, cols, rows)),
        _ => None,
    });
    let (id, cols, rows) = attach.expect("attached");
    assert_eq!((cols, rows), (82, 37));
    drop(update(&mut state, Msg::Terminal(id, Link::On(Arc::new(SharedScreen::new(screen))))));
    state
}

fn typed(effects: Vec<Effect>) -> Vec<u8> {
    let bytes = effects.into_iter().filter_map(|effect| match effect {
        Effect::Input(bytes) | Effect::Paste(_, _, bytes) => Some(bytes),
        _ => None,
    });
    bytes.flatten().collect()
}

#[test]
fn keys_go_to_the_terminal_until_the_leave_chord() {
    let mut state = attached(Screen::new(82, 37));
    assert_eq!(state.typing, Typing::Terminal);
    assert_eq!(typed(press(&mut state, "q ? ctrl-c up")), b"q?\x03\x1b[A");
    assert!(typed(press(&mut state, "ctrl-]")).is_empty());
    assert_eq!(state.typing, Typing::JustLeft);
    assert_eq!(typed(press(&mut state, "ctrl-]")), b"\x1d", "twice, the program gets it");
    assert_eq!(state.typing, Typing::Terminal);
    press(&mut state, "ctrl-] 1 ctrl-]");
    assert_eq!(state.typing, Typing::Normal, "another key lay between");
}

#[test]
fn the_leave_chord_may_begin_others() {
    let mut state = attached_with("tmux", Screen::new(82, 37));
    press(&mut state, "ctrl-b z");
    assert!(state.zoom);
    press(&mut state, "enter");
    assert_eq!(typed(press(&mut state, "ctrl-b ctrl-b")), b"\x02");
    press(&mut state, "ctrl-b");
    assert!(matches!(press(&mut state, "q").as_slice(), [Effect::Quit]), "a key by itself still counts");
}

#[test]
fn text_of_a_terminal_is_chosen_and_copied() {
    let mut screen = Screen::with_scrollback(82, 3, 100_000);
    screen.feed(b"one\r\ntwo\r\nthree\r\nfour");
    let mut state = attached(screen);
    let effects = press(&mut state, "ctrl-] v g V down y");
    let copied = effects.iter().find_map(|e| match e {
        Effect::Copy(text) => Some(text.as_str()),
        _ => None,
    });
    assert_eq!(copied, Some("one\ntwo"), "history is there, too");
    assert!(state.overlays.is_empty());
}

#[test]
fn a_paste_is_bracketed_if_the_program_asked() {
    let mut screen = Screen::new(82, 37);
    screen.feed(b"\x1b[?2004h");
    let mut state = attached(screen);
    let effects = update(&mut state, Msg::Paste("a\nb".into()));
    assert_eq!(typed(effects), b"\x1b[200~a\rb\x1b[201~");
}

#[test]
fn a_program_may_fill_the_clipboard_if_the_person_lets_it() {
    let said = |may: bool| {
        let mut state = attached(Screen::new(82, 37));
        state.options.clipboard = may;
        let terminal = state.stage.terminal.as_ref().expect("attached");
        let (id, screen) = (terminal.id.clone(), terminal.screen.clone().expect("shown"));
        screen.change(|screen| screen.feed(b"\x1b]52;c;aGVsbG8=\x07\x1b]52;c;?\x07"));
        let effects = update(&mut state, Msg::Terminal(id, Link::Picture));
        (effects, state.message.map(|(_, text)| text))
    };
    let (effects, told) = said(true);
    assert!(matches!(effects.as_slice(), [Effect::Copy(text)] if text == "hello"), "{effects:?}");
    assert_eq!(told.as_deref(), Some("the program sent 1 line to the clipboard"));
    assert!(matches!(said(false), (effects, None) if effects.is_empty()));
}

#[test]
fn a_session_begins_with_a_prompt_of_many_lines() {
    let mut state = cockpit(120, 40);
    press(&mut state, "P");
    let shown = picture(&state);
    assert!(shown.contains("ctrl-s runs it. The first prompt"), "{shown}");
    say(&mut state, "one");
    press(&mut state, "enter");
    drop(update(&mut state, Msg::Paste("two\nthree".into())));
    let effects = press(&mut state, "ctrl-s");
    let Some(Effect::Submit(_, call)) = effects.into_iter().next() else { panic!("nothing is run") };
    assert_eq!(call.args["prompt"], "one\ntwo\nthree");
}

#[test]
fn a_colleagues_session_is_shown_by_its_link() {
    let mut state = cockpit(120, 40);
    press(&mut state, "3 A");
    assert!(matches!(state.overlays.last(), Some(Overlay::Form(_))));
    let link = format!("sf://gpu-01/live_00000000beef/0123456789abcdef#{}", "0".repeat(32));
    drop(update(&mut state, Msg::Paste(link.clone())));
    let effects = press(&mut state, "enter");
    let Some(Effect::Adopt(id, by, 82, 37)) = effects.first() else { panic!("{effects:?}") };
    assert_eq!((by, id.as_str()), (&link, "live_00000000beef"));
    let screen = Arc::new(SharedScreen::new(Screen::new(82, 37)));
    screen.change(|screen| screen.feed(b"theirs"));
    drop(update(&mut state, Msg::Terminal(id.clone(), Link::On(screen))));
    assert!(picture(&state).contains("theirs"));
    assert_eq!(typed(press(&mut state, "x")), b"x");
    // Who moves on has left it.
    let effects = press(&mut state, "ctrl-] 3 down");
    assert!(effects.iter().any(|e| matches!(e, Effect::Detach)), "{effects:?}");
    assert!(!picture(&state).contains("theirs"));
}

#[test]
fn a_terminal_is_drawn_with_its_own_widths() {
    let mut screen = Screen::new(82, 37);
    screen.feed("\x1b]2;evil\x07漢a⚠\u{fe0f}b \x1b[31mred".as_bytes());
    let state = attached(screen);
    let shown = picture(&state);
    assert!(shown.contains("│漢a⚠\u{fe0f}b red"), "{shown}");
    assert!(!shown.contains("evil"));
}

#[test]
fn the_terminal_follows_the_size_of_the_stage() {
    let mut state = attached(Screen::new(82, 37));
    let effects = update(&mut state, Msg::Size(150, 50));
    assert!(effects.iter().any(|e| matches!(e, Effect::Resize(103, 47))), "{effects:?}");
    press(&mut state, "ctrl-]");
    let effects = press(&mut state, "z");
    assert!(effects.iter().any(|e| matches!(e, Effect::Resize(150, 48))), "{effects:?}");
}

#[test]
fn a_program_that_ends_gives_the_keys_back() {
    let mut state = attached(Screen::new(82, 37));
    let id = world().live[1].id.clone();
    drop(update(&mut state, Msg::Terminal(id, Link::Ended(Some(3)))));
    assert_eq!(state.typing, Typing::Normal);
    assert!(picture(&state).contains("has ended with status 3"));
}

#[test]
fn a_selection_that_rests_is_attached_and_one_that_moves_is_not() {
    let mut state = cockpit(120, 40);
    let effects = press(&mut state, "3");
    let Some(Effect::Settle(first)) = effects.into_iter().next() else { panic!("nothing rests") };
    press(&mut state, "down");
    assert!(update(&mut state, Msg::Settled(first)).is_empty(), "the selection has moved on");
    let token = state.stage.token;
    let effects = update(&mut state, Msg::Settled(token));
    assert!(matches!(effects.as_slice(), [Effect::Attach(..)]), "{effects:?}");
    let effects = press(&mut state, "1");
    assert!(matches!(effects.as_slice(), [Effect::Detach]), "{effects:?}");
}

#[test]
fn who_waits_is_gone_to_and_seen() {
    for (cols, rows, focus) in [(120, 40, Pane::Live), (80, 24, Pane::Stage)] {
        let mut state = cockpit(cols, rows);
        press(&mut state, "tab");
        assert_eq!(state.focus, focus, "{cols} columns");
        assert!(state.layout().stage.is_some(), "{cols} columns");
        let waits = |state: &State| match state.selected() {
            Some(Subject::Live(id)) => {
                state.data.live.iter().any(|live| live.id == *id && live.state.wants_attention())
            }
            _ => false,
        };
        assert!(waits(&state), "{cols} columns");
        press(&mut state, "tab");
        assert!(waits(&state), "{cols} columns");
    }
}

#[test]
fn a_session_that_was_started_is_shown() {
    let mut state = cockpit(120, 40);
    press(&mut state, "2 down n");
    let effects = press(&mut state, "enter");
    let Some(Effect::Submit(job, _)) = effects.into_iter().next() else { panic!("not submitted") };
    let id = world().live[0].id.clone();
    let result = Some(serde_json::json!({ "id": id, "host": "local" }));
    drop(update(&mut state, Msg::Job(job, Event::Finished { result, error: None, ms: 3 })));
    assert_eq!(state.selected(), Some(&Subject::Live(id)));
}

/// The mouse over a cell of the stage, which begins at column 37, row 1.
fn over(act: Act, col: u16, row: u16) -> Msg {
    Msg::Mouse(Mouse { act, mods: Mods::default(), col: 37 + col, row: 1 + row })
}

#[test]
fn the_mouse_belongs_to_a_program_that_asked_for_it() {
    let mut screen = Screen::new(82, 37);
    screen.feed(b"\x1b[?1002h\x1b[?1006h");
    let mut state = attached(screen);
    assert_eq!(typed(update(&mut state, over(Act::Press(Button::Left), 4, 9))), b"\x1b[<0;5;10M");
    assert_eq!(typed(update(&mut state, over(Act::Drag(Button::Left), 5, 9))), b"\x1b[<32;6;10M");
    assert_eq!(typed(update(&mut state, over(Act::Release(Button::Left), 5, 9))), b"\x1b[<0;6;10m");
    assert_eq!(typed(update(&mut state, over(Act::Wheel(Turn::Up), 0, 0))), b"\x1b[<64;1;1M");
    assert!(typed(update(&mut state, over(Act::Move, 0, 0))).is_empty(), "it did not ask for that");
    // Outside of the stage it is ours.
    press(&mut state, "ctrl-] 1");
    assert!(typed(update(&mut state, over(Act::Press(Button::Left), 0, 0))).is_empty());
}

#[test]
fn motion_is_only_heard_of_while_a_program_wants_it() {
    let mut screen = Screen::new(82, 37);
    screen.feed(b"\x1b[?1003h\x1b[?1006h\x1b[?1004h");
    let mut state = attached(screen);
    let wants = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|e| if let Effect::Motion(on) = e { Some(on) } else { None })
    };
    let effects = update(&mut state, Msg::Focus(true));
    assert_eq!(wants(effects), None, "it was said when the program came on the stage");
    assert!(state.stage.motion);
    assert_eq!(typed(update(&mut state, over(Act::Move, 3, 0))), b"\x1b[<35;4;1M");
    assert_eq!(typed(update(&mut state, Msg::Focus(false))), b"\x1b[O");
    assert_eq!(wants(press(&mut state, "ctrl-]")), Some(false));
}

#[test]
fn the_wheel_is_arrows_for_a_full_screen_program_that_has_no_mouse() {
    let mut screen = Screen::new(82, 37);
    screen.feed(b"\x1b[?1049h\x1b[?1h");
    let mut state = attached(screen);
    assert_eq!(typed(update(&mut state, over(Act::Wheel(Turn::Down), 0, 0))), b"\x1bOB\x1bOB\x1bOB");
}

#[test]
fn text_is_chosen_by_dragging_and_by_pressing_twice() {
    let mut screen = Screen::new(82, 37);
    screen.feed(b"hello world\r\nsecond line");
    let mut state = attached(screen);
    let copied = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|e| if let Effect::Copy(text) = e { Some(text) } else { None })
    };
    drop(update(&mut state, over(Act::Press(Button::Left), 6, 0)));
    drop(update(&mut state, over(Act::Drag(Button::Left), 5, 1)));
    assert!(matches!(state.overlays.last(), Some(Overlay::Select(_))));
    let effects = update(&mut state, over(Act::Release(Button::Left), 5, 1));
    assert_eq!(copied(effects).as_deref(), Some("world\nsecond"));
    assert!(state.overlays.is_empty());
    for _ in 0..2 {
        drop(update(&mut state, over(Act::Press(Button::Left), 8, 0)));
    }
    let effects = update(&mut state, over(Act::Release(Button::Left), 8, 0));
    assert_eq!(copied(effects).as_deref(), Some("world"));
}
