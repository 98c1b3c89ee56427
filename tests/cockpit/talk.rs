//! Transcripts on the stage, the search over all of them, their list.

use insta::assert_snapshot;
use ratatui::style::Color;
use serde_json::{Value, json};
use session_forge::cockpit::effect::Effect;
use session_forge::cockpit::msg::{Mouse, Msg};
use session_forge::cockpit::overlay::Overlay;
use session_forge::cockpit::skin::Depth;
use session_forge::cockpit::stage::talk::{Chunk, Want};
use session_forge::cockpit::state::{Pane, State, Typing};
use session_forge::cockpit::subject::Subject;
use session_forge::cockpit::syntax;
use session_forge::cockpit::update::update;
use session_forge::config::chord::Mods;
use session_forge::error::Error;
use session_forge::live::screen::mouse::{Act, Button};
use session_forge::model::TranscriptId;
use session_forge::model::transcript::Hit;

use super::{ago, cockpit, draw, picture, press, say, skin, transcript, world};

const CODE: &str = "Fixed. The table says it all:\n\n| try | pause |\n|---:|---|\n| 1 | **0.5 s** |\n| 2 | 1 s, at most |\n\n```rust\nfn pause(n: u32) -> u64 { // capped\n    500 << n.min(6)\n}\n```\n\n1. see [the issue](https://example.org/7)\n   - nested\n2. done\n\n> quoted";

/// A talk in which there is one of everything.
pub fn talk() -> Value {
    let at = |minute: u32| format!("2026-11-21T12:{minute:02}:00.000Z");
    let usage = json!({"input_tokens": 1200, "output_tokens": 340, "cache_read_tokens": 8000});
    json!({"message_count": 42, "messages": [
        {"seq": 1, "role": "user", "time": at(0), "is_meta": true, "blocks": [
            {"type": "text", "text": "<environment_context>\n  <cwd>/home/dev</cwd>\n</environment_context>"}]},
        {"seq": 2, "role": "user", "time": at(0), "prompt": true, "blocks": [
            {"type": "text", "text": "Please fix **the retry** in `client.py`:\n- it never gives up\n- __init__ is wrong"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA".repeat(900)}}]},
        {"seq": 3, "role": "assistant", "time": at(1), "model": "claude-opus-5", "usage": usage, "cost_usd": 0.031, "blocks": [
            {"type": "thinking", "text": "Where is it?\nIn the client, I think."},
            {"type": "text", "text": "Let me look."},
            {"type": "tool_use", "tool_use_id": "a", "name": "Read", "input": {"file_path": "src/client.py"}},
            {"type": "tool_use", "tool_use_id": "b", "name": "Bash", "input": {"command": "cargo test\necho done"}}]},
        {"seq": 4, "role": "tool", "time": at(1), "blocks": [
            {"type": "tool_result", "tool_use_id": "a", "content": "one\ntwo\nthree"},
            {"type": "tool_result", "tool_use_id": "b", "content": "\u{1b}[31mfailed\u{1b}[0m\n", "exit_code": 101, "duration_ms": 2300}]},
        {"seq": 5, "role": "assistant", "time": at(2), "usage": usage, "cost_usd": 0.02, "blocks": [
            {"type": "tool_use", "tool_use_id": "c", "name": "Edit", "input": {"file_path": "src/client.py",
                "old_string": "def retry():\n    while True:\n        call()\n", "new_string": "def retry():\n    for n in range(7):\n        call()\n"}},
            {"type": "tool_use", "tool_use_id": "d", "name": "Task", "input": {"description": "Check the callers", "prompt": "Who calls retry?"}}]},
        {"seq": 6, "role": "user", "time": at(2), "agent_id": "x1", "is_sidechain": true, "blocks": [
            {"type": "text", "text": "Who calls retry?"}]},
        {"seq": 7, "role": "assistant", "time": at(3), "agent_id": "x1", "is_sidechain": true, "blocks": [
            {"type": "text", "text": "Only `main`."}]},
        {"seq": 8, "role": "tool", "time": at(4), "blocks": [
            {"type": "tool_result", "tool_use_id": "c", "content": "ok"},
            {"type": "tool_result", "tool_use_id": "d", "content": "Only main."}]},
        {"seq": 9, "role": "assistant", "time": at(5), "blocks": [{"type": "text", "text": CODE}]},
        {"seq": 10, "role": "system", "time": at(6), "blocks": [{"type": "summary", "text": "They fixed the retry.\nAll is well."}]},
        {"seq": 11, "role": "user", "time": at(7), "prompt": true, "blocks": [{"type": "text", "text": "Thanks, retry is fine."}]},
        {"seq": 12, "role": "assistant", "time": at(8), "blocks": [{"type": "text", "text": "You are welcome \u{1b}[31m."}]},
    ], "manifest": {"metadata": {"sf": {"sub_agents": {"x1": {
        "tool_use_id": "d", "kind": "Explore", "description": "Check the callers"}}}}}})
}

fn id_of(state: &State) -> TranscriptId {
    state.data.transcripts.newest[0].id.clone()
}

/// A cockpit whose stage shows the talk, and has the focus.
fn reading(cols: u16, rows: u16) -> State {
    let mut state = cockpit(cols, rows);
    press(&mut state, "4 5");
    let id = id_of(&state);
    give(&mut state, &id, Want::Newest, talk());
    state
}

/// Gives messages, and the colours that are asked for.
fn give(state: &mut State, id: &TranscriptId, want: Want, shown: Value) -> Vec<Effect> {
    let effects = update(state, Msg::Read(id.clone(), want, Ok(Chunk::of(shown))));
    color(state, effects)
}

fn color(state: &mut State, effects: Vec<Effect>) -> Vec<Effect> {
    let mut rest = Vec::new();
    for effect in effects {
        match effect {
            Effect::Color(id, pieces) => {
                for (key, lang, text) in pieces {
                    drop(update(state, Msg::Colored(id.clone(), key, syntax::paint(&lang, &text))));
                }
            }
            other => rest.push(other),
        }
    }
    rest
}

/// What is read: the row with the mark.
fn read(state: &State) -> String {
    let shown = picture(state);
    let row = shown.lines().find(|line| line.contains('▌')).unwrap_or_default();
    row.rsplit('▌').next().unwrap_or_default().trim_end_matches(['│', ' ']).to_owned()
}

fn wanted(effects: &[Effect]) -> Option<Want> {
    effects.iter().find_map(|effect| match effect {
        Effect::Read(_, want) => Some(*want),
        _ => None,
    })
}

#[test]
fn a_talk_at_three_sizes() {
    for (cols, rows) in [(200, 50), (80, 24), (60, 18)] {
        let mut state = reading(cols, rows);
        press(&mut state, "home");
        assert_snapshot!(format!("talk_{cols}x{rows}"), picture(&state));
    }
}

#[test]
fn everything_can_be_unfolded() {
    let mut state = reading(120, 90);
    press(&mut state, "home");
    let effects = press(&mut state, "t");
    color(&mut state, effects);
    assert_snapshot!("talk_unfolded", picture(&state));
    press(&mut state, "t");
    assert!(!picture(&state).contains("▾ ✓"), "{}", picture(&state));
}

#[test]
fn one_thing_is_unfolded_by_a_key_or_the_mouse() {
    let mut state = reading(120, 60);
    press(&mut state, "home ) )");
    assert!(read(&state).contains("Bash"), "{}", read(&state));
    press(&mut state, "enter");
    let shown = picture(&state);
    assert!(shown.contains("▏ echo done") && shown.contains("→ exit 101 · 2.3 s"), "{shown}");
    assert!(
        shown.contains("▏ failed") && !shown.contains('␛'.to_string().as_str()) || shown.contains("welcome")
    );
    assert!(!shown.contains("▏ three"), "the other call stays folded");
    press(&mut state, "down down enter");
    assert!(!picture(&state).contains("▏ echo done"), "folded from its inside");
    assert!(read(&state).contains("Bash"), "what was folded is read");
    let shown = picture(&state);
    let row = shown.lines().position(|line| line.contains("Read  src/client.py")).expect("the call");
    for act in [Act::Press(Button::Left), Act::Release(Button::Left)] {
        let row = u16::try_from(row).expect("a row");
        drop(update(&mut state, Msg::Mouse(Mouse { act, mods: Mods::default(), col: 60, row })));
    }
    assert!(picture(&state).contains("▏ three"), "{}", picture(&state));
}

#[test]
fn a_call_unfolds_its_sub_agent() {
    let mut state = reading(120, 60);
    press(&mut state, "home ) ) ) )");
    assert!(read(&state).contains("Task"), "{}", read(&state));
    press(&mut state, "enter");
    assert!(picture(&state).contains("┆ Only main."), "{}", picture(&state));
}

#[test]
fn jumps_go_by_prompts_messages_numbers_and_to_both_ends() {
    let mut state = reading(120, 24);
    press(&mut state, "[");
    assert!(read(&state).starts_with("user"), "{}", read(&state));
    press(&mut state, "[");
    assert!(read(&state).starts_with("user  12:00 · 4 calls"), "{}", read(&state));
    press(&mut state, "[");
    assert!(state.message.as_ref().is_some_and(|(_, text)| text.contains("no prompt above")));
    press(&mut state, "}");
    assert!(read(&state).starts_with("assistant  12:01"), "{}", read(&state));
    press(&mut state, "#");
    assert!(matches!(state.overlays.last(), Some(Overlay::Form(_))), "it asks for the number");
    say(&mut state, "9");
    press(&mut state, "enter");
    assert!(read(&state).contains("Fixed."), "{}\n{}", read(&state), picture(&state));
    press(&mut state, "end");
    assert!(read(&state).contains("welcome"), "{}", read(&state));
}

#[test]
fn a_text_is_looked_for_in_the_whole_transcript() {
    let mut state = reading(120, 24);
    press(&mut state, "home /");
    assert_eq!(state.typing, Typing::Find);
    say(&mut state, "retr");
    let effects = update(&mut state, Msg::Key("y".parse().expect("a key")));
    let Some(Effect::Find(id, text)) = effects.into_iter().find(|e| matches!(e, Effect::Find(..))) else {
        panic!("nobody was asked")
    };
    assert_eq!(text, "retry");
    drop(update(&mut state, Msg::Found(id.clone(), "ret".into(), Ok(vec![11]))));
    assert!(!picture(&state).contains(" of "), "the answer to another question is none");
    drop(update(&mut state, Msg::Found(id, text, Ok(vec![2, 5, 6, 10, 11]))));
    let shown = picture(&state);
    assert!(shown.contains("/retry▏ · 1 of 5"), "{shown}");
    assert!(read(&state).contains("the retry"), "{}", read(&state));
    press(&mut state, "enter n");
    assert!(read(&state).contains("def retry"), "the call is unfolded: {}", read(&state));
    let lit = |state: &State| {
        let buf = draw(state, &skin("default", Depth::Sixteen));
        (0..buf.area.width)
            .flat_map(|x| (0..buf.area.height).map(move |y| (x, y)))
            .filter(|at| buf[*at].bg == Color::Indexed(3))
            .count()
    };
    assert_eq!(lit(&state), 5, "the match that is read stands out");
    press(&mut state, "N");
    assert!(read(&state).contains("the retry"), "{}", read(&state));
    press(&mut state, "esc");
    assert!(!picture(&state).contains("/retry") && state.focus == Pane::Stage);
}

#[test]
fn leaving_the_search_goes_back() {
    let mut state = reading(120, 24);
    let before = read(&state);
    press(&mut state, "/");
    say(&mut state, "environment");
    let id = id_of(&state);
    drop(update(&mut state, Msg::Found(id, "environment".into(), Ok(vec![1]))));
    assert_ne!(read(&state), before);
    press(&mut state, "esc");
    assert_eq!((read(&state), state.typing), (before, Typing::Normal));
}

fn many(range: std::ops::RangeInclusive<u64>, last: u64) -> Value {
    let message = |seq: u64| {
        json!({"seq": seq, "role": if seq % 2 == 1 { "user" } else { "assistant" }, "time": null, "prompt": seq % 2 == 1,
        "blocks": [{"type": "text", "text": format!("number {seq}")}]})
    };
    json!({"message_count": last, "messages": range.map(message).collect::<Vec<_>>()})
}

#[test]
fn only_what_is_near_is_fetched() {
    let mut state = cockpit(120, 30);
    press(&mut state, "4 5");
    let id = id_of(&state);
    let effects = give(&mut state, &id, Want::Newest, many(951..=1000, 1000));
    assert_eq!(wanted(&effects), None, "the end is shown, and what is before is far enough");
    assert!(read(&state).contains("number 1000"));
    let mut effects = Vec::new();
    for _ in 0..8 {
        effects.extend(press(&mut state, "pgup"));
    }
    assert_eq!(wanted(&effects), Some(Want::Range(851, 950)));
    let before = read(&state);
    give(&mut state, &id, Want::Range(851, 950), many(851..=950, 1000));
    assert_eq!(read(&state), before, "nothing moves");
    let effects = press(&mut state, "home");
    assert_eq!(wanted(&effects), Some(Want::Range(1, 100)));
    give(&mut state, &id, Want::Range(1, 100), many(1..=100, 1000));
    assert!(read(&state).starts_with("user"), "{}", read(&state));
    assert!(picture(&state).contains("number 1\n") || picture(&state).contains("number 1 "));
    let effects = press(&mut state, "end");
    assert_eq!(wanted(&effects), Some(Want::Newest));
    give(&mut state, &id, Want::Newest, many(951..=1000, 1000));
    assert!(read(&state).contains("number 1000"));
}

#[test]
fn what_is_said_meanwhile_is_followed_at_the_end() {
    let mut state = cockpit(120, 30);
    press(&mut state, "4 5");
    let id = id_of(&state);
    let mut data = world();
    let grown = |messages: u64, data: &mut session_forge::model::snapshot::Snapshot| {
        let mut all = (*data.transcripts).clone();
        all.newest[0].messages = messages;
        data.transcripts = std::sync::Arc::new(all);
    };
    grown(2, &mut data);
    drop(update(&mut state, Msg::Data(data.clone())));
    give(&mut state, &id, Want::Newest, many(1..=2, 2));
    grown(3, &mut data);
    let effects = update(&mut state, Msg::Data(data.clone()));
    assert_eq!(wanted(&effects), Some(Want::Range(3, 102)));
    give(&mut state, &id, Want::Range(3, 102), many(3..=3, 3));
    assert!(read(&state).contains("number 3"));
    press(&mut state, "home");
    grown(4, &mut data);
    let effects = update(&mut state, Msg::Data(data));
    assert!(wanted(&effects).is_some());
    give(&mut state, &id, Want::Range(4, 103), many(4..=4, 4));
    assert!(!read(&state).contains("number 4"), "who reads elsewhere is left alone");
}

#[test]
fn a_revised_message_is_shown_once_as_it_is_now() {
    let mut state = cockpit(120, 30);
    press(&mut state, "4 5");
    let id = id_of(&state);
    let shown = json!({"message_count": 3, "messages": [
        {"seq": 3, "place": 1, "role": "assistant", "blocks": [{"type": "text", "text": "new"}]},
        {"seq": 2, "place": 2, "role": "user", "blocks": [{"type": "text", "text": "after"}]}]});
    let effects = give(&mut state, &id, Want::Newest, shown);
    assert_ne!(wanted(&effects), Some(Want::Range(3, 102)), "line 3 is here, at another place");
    let shown = picture(&state);
    assert!(shown.find("new") < shown.find("after"), "{shown}");
    press(&mut state, "#");
    say(&mut state, "3");
    press(&mut state, "enter");
    assert!(read(&state).contains("assistant"), "{}", read(&state));
}

#[test]
fn a_message_and_a_piece_of_code_are_copied() {
    let mut state = reading(120, 40);
    press(&mut state, "#");
    say(&mut state, "9");
    press(&mut state, "enter");
    let copied = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|effect| match effect {
            Effect::Copy(text) => Some(text),
            _ => None,
        })
    };
    assert!(state.stage.shown_reading().is_some(), "{}", picture(&state));
    assert_eq!(copied(press(&mut state, "y")).as_deref(), Some(CODE));
    let code = "fn pause(n: u32) -> u64 { // capped\n    500 << n.min(6)\n}";
    assert_eq!(copied(press(&mut state, "Y")).as_deref(), Some(code));
    press(&mut state, "v G");
    assert!(matches!(state.overlays.last(), Some(Overlay::Select(_))));
}

#[test]
fn code_has_the_colours_of_its_language() {
    let state = reading(120, 40);
    let buf = draw(&state, &skin("default", Depth::Sixteen));
    let at = (0..buf.area.height)
        .flat_map(|y| (0..buf.area.width - 1).map(move |x| (x, y)))
        .find(|(x, y)| {
            buf[(*x, *y)].symbol() == "f"
                && buf[(x + 1, *y)].symbol() == "n"
                && buf[(x - 2, *y)].symbol() == "▏"
        })
        .expect("the code");
    assert_eq!(buf[at].fg, Color::Indexed(5), "a keyword of the default theme");
    let buf = draw(&state, &skin("harbor", Depth::None));
    assert_eq!(buf[at].fg, Color::Reset);
}

fn hit(number: u64, seq: u64, snippet: &str) -> Hit {
    let row = transcript(number, "x", 0);
    Hit {
        id: row.id,
        seq,
        role: session_forge::model::message::Role::Assistant,
        time: ago(26),
        title: Some("From the index".into()),
        snippet: snippet.into(),
        score: 0.0,
    }
}

fn searching(state: &mut State, text: &str) -> (u64, Vec<String>) {
    press(state, "4 f");
    let mut last = None;
    for c in text.chars() {
        for effect in
            update(state, Msg::Key(c.to_string().parse().unwrap_or_else(|_| "space".parse().expect("a key"))))
        {
            if let Effect::Search(token, words) = effect {
                last = Some((token, words));
            }
        }
    }
    last.expect("a search")
}

#[test]
fn all_transcripts_are_searched_while_typing() {
    for (cols, rows) in [(200, 50), (80, 24), (60, 18)] {
        let mut state = cockpit(cols, rows);
        let (token, words) = searching(&mut state, "tool:codex retr");
        assert_eq!(words.join(" "), "search --limit 200 --tool codex -- retr*");
        let hits = vec![
            hit(1, 7, "it never gives up the «retry» of the client\nand so on"),
            hit(1, 5, "«retry»"),
            hit(99, 3, &format!("{} «Retrying» 漢字 \u{1b}[31m", "far away ".repeat(30))),
        ];
        drop(update(&mut state, Msg::Hits(token - 1, Ok((1, vec![hit(2, 1, "stale")])))));
        drop(update(&mut state, Msg::Hits(token, Ok((1234, hits)))));
        assert_snapshot!(format!("search_{cols}x{rows}"), picture(&state));
    }
}

#[test]
fn a_hit_is_opened_where_it_is_and_the_next_one_after_it() {
    let mut state = cockpit(120, 30);
    let (token, _) = searching(&mut state, "gives up");
    let hits = vec![hit(2, 7, "«number 7»"), hit(999, 3, "«number 3»")];
    drop(update(&mut state, Msg::Hits(token, Ok((2, hits.clone())))));
    let effects = press(&mut state, "enter");
    assert_eq!(wanted(&effects), Some(Want::Around(7)));
    assert_eq!(state.stage.subject, Some(Subject::Transcript(hits[0].id.clone())));
    give(&mut state, &hits[0].id, Want::Around(7), many(1..=17, 40));
    assert!(read(&state).contains("number 7"), "{}\n{}", read(&state), picture(&state));
    let effects = press(&mut state, "n");
    assert_eq!(wanted(&effects), Some(Want::Around(3)), "in a transcript that is not in the list");
    assert_eq!(state.stage.subject, Some(Subject::Transcript(hits[1].id.clone())));
    give(&mut state, &hits[1].id, Want::Around(3), many(1..=13, 40));
    assert!(read(&state).contains("number 3"), "{}", read(&state));
    press(&mut state, "n");
    assert!(state.message.as_ref().is_some_and(|(_, text)| text.contains("last hit")));
    press(&mut state, "f");
    assert!(picture(&state).contains("2 hits in 2 transcripts"), "the search is as it was");
}

#[test]
fn a_search_that_fails_says_why() {
    let mut state = cockpit(100, 24);
    let (token, _) = searching(&mut state, "role:boss x");
    drop(update(&mut state, Msg::Hits(token, Err(Error::usage("no role is called \"boss\"")))));
    assert!(picture(&state).contains("no role is called"), "{}", picture(&state));
    press(&mut state, "esc");
    assert!(state.overlays.is_empty());
}

#[test]
fn the_filter_looks_at_the_whole_list_and_the_list_can_be_sorted() {
    let mut state = cockpit(120, 40);
    let effects = update(&mut state, Msg::Data(world()));
    assert!(effects.iter().any(|e| matches!(e, Effect::List)) || state.data.transcripts.newest.len() == 3);
    let rows = (0..10_000)
        .map(|n| {
            let mut row = transcript(n, &format!("Talk {n}"), i64::try_from(n).expect("small"));
            row.messages = n;
            row.live = n == 3;
            row.parent = (n == 4).then(|| transcript(0, "x", 0).id);
            row
        })
        .collect();
    drop(update(&mut state, Msg::Listed(Ok(rows))));
    press(&mut state, "4");
    let shown = picture(&state);
    assert!(shown.contains("● cc Talk 3") && shown.contains("⑂ cc Talk 4"), "{shown}");
    press(&mut state, "/");
    say(&mut state, "talk 9001");
    press(&mut state, "enter");
    assert_eq!(state.selected(), Some(&Subject::Transcript(transcript(9001, "x", 0).id)));
    press(&mut state, "esc t t");
    assert!(picture(&state).contains("by messages"), "{}", picture(&state));
    press(&mut state, "home");
    assert_eq!(state.selected(), Some(&Subject::Transcript(transcript(9999, "x", 0).id)));
    // The newest change; the rest stays.
    drop(update(&mut state, Msg::Data(world())));
    assert_eq!(state.data.transcripts.newest.len(), 10_000);
    assert_eq!(state.data.transcripts.newest[0].title.as_deref().map(|t| &t[..7]), Some("Fix the"));
}

#[test]
fn tools_that_are_not_well_are_named() {
    let mut state = cockpit(120, 40);
    let tools = json!([
        {"tool": "cursor", "enabled": true, "found": true, "sessions": 3, "captured": 0, "health": "unknown generation", "detail": "none of its 3 sessions could be understood"},
        {"tool": "amp", "enabled": true, "found": true, "sessions": 2, "captured": 0, "health": "found, nothing captured", "detail": null},
        {"tool": "codex", "enabled": true, "found": true, "sessions": 5, "captured": 5, "health": "ok", "detail": null},
    ]);
    let tools = serde_json::from_value(tools).expect("tools");
    drop(update(&mut state, Msg::Health(Ok(tools))));
    let shown = picture(&state);
    assert!(shown.contains("! cursor: store of an unknown"), "{shown}");
    assert!(shown.contains("none of its 3"), "the machine's page says more: {shown}");
    assert!(shown.contains("found, nothing captured"), "{shown}");
}
