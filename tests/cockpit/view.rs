//! Pictures of the screen, as text.

use insta::assert_snapshot;
use ratatui::style::{Color, Modifier};
use session_forge::cockpit::effect::Effect;
use session_forge::cockpit::msg::Msg;
use session_forge::cockpit::skin::Depth;
use session_forge::cockpit::stage::talk::{Chunk, Want};
use session_forge::cockpit::state::State;
use session_forge::cockpit::syntax;
use session_forge::cockpit::update::update;
use session_forge::config::embed::Folder;
use session_forge::engine::{Event, Level};
use session_forge::error::Error;

use super::{blank, cockpit, draw, picture, press, say, skin};

#[test]
fn the_whole_screen_at_many_sizes() {
    for (cols, rows) in [(200, 50), (120, 40), (80, 24), (60, 18), (40, 10), (1, 1)] {
        assert_snapshot!(format!("screen_{cols}x{rows}"), picture(&cockpit(cols, rows)));
    }
}

#[test]
fn an_empty_world_says_what_to_do() {
    assert_snapshot!("empty_120x40", picture(&blank("default", 120, 40)));
}

#[test]
fn every_pane_on_a_narrow_screen() {
    let mut state = cockpit(80, 16);
    for (key, name) in [("2", "features"), ("3", "live"), ("4", "transcripts"), ("5", "stage")] {
        press(&mut state, key);
        assert_snapshot!(format!("narrow_{name}"), picture(&state));
    }
}

#[test]
fn the_stage_shows_what_is_selected() {
    let mut state = cockpit(120, 30);
    press(&mut state, "2");
    assert_snapshot!("stage_feature", picture(&state));
    press(&mut state, "down");
    assert_snapshot!("stage_worktree", picture(&state));
    press(&mut state, "1 down down");
    assert_snapshot!("stage_host_down", picture(&state));
}

#[test]
fn help_shows_sync_on_its_first_page() {
    let mut state = cockpit(60, 18);
    press(&mut state, "?");
    let shown = picture(&state);
    assert!(shown.contains("sync"), "{shown}");
    assert_snapshot!("help_60x18", shown);
    press(&mut state, "esc");
    assert!(state.overlays.is_empty(), "one Esc closes it");
}

#[test]
fn overlays() {
    let mut state = cockpit(100, 24);
    press(&mut state, ":");
    say(&mut state, "syn");
    assert_snapshot!("palette_commands", picture(&state));
    press(&mut state, "tab");
    assert_snapshot!("palette_arguments", picture(&state));
    press(&mut state, "esc 1 a");
    assert_snapshot!("form", picture(&state));
    press(&mut state, "esc 2 down n");
    assert_snapshot!("picker", picture(&state));
}

#[test]
fn a_job_shows_how_far_it_is_and_what_came_of_it() {
    let mut state = cockpit(120, 30);
    press(&mut state, "2");
    let effects = press(&mut state, "s");
    let Some(Effect::Submit(id, _)) = effects.into_iter().next() else { panic!("nothing was submitted") };
    let progress = |done, label: &str| Event::Progress { done, total: 8, label: label.into() };
    drop(update(&mut state, Msg::Job(id, progress(4, "gpu-01 core: fetch"))));
    drop(update(&mut state, Msg::Job(id, progress(5, "local web: worktree"))));
    let notice = Event::Notice { level: Level::Warn, text: "3 files are not committed".into() };
    drop(update(&mut state, Msg::Job(id, notice)));
    assert_snapshot!("job_running", picture(&state));
    let error = Error::unreachable("`gpu-02` cannot be reached").hint("`sf host check gpu-02` says more");
    let result = serde_json::json!({"features": [{"feature": "payments", "hosts": [
        {"host": "gpu-01", "ok": true, "error": null, "repos": [{"repo": "core", "worktree": "created"}]},
    ]}]});
    let finished = Event::Finished { result: Some(result), error: Some(error), ms: 5003 };
    drop(update(&mut state, Msg::Job(id, finished)));
    assert_snapshot!("job_partial", picture(&state));
}

/// Runs what a key says, and answers with a result.
fn answered(state: &mut State, keys: &str, result: serde_json::Value) {
    let effects = press(state, keys);
    let Some(Effect::Submit(id, _)) = effects.into_iter().next() else { panic!("nothing was submitted") };
    let finished = Event::Finished { result: Some(result), error: None, ms: 120 };
    for effect in update(state, Msg::Job(id, finished)) {
        if let Effect::Paint(id, pieces) = effect {
            let painted =
                pieces.into_iter().filter_map(|(key, lang, text)| Some((key, syntax::paint(&lang, &text)?)));
            drop(update(state, Msg::Painted(id, painted.collect())));
        }
    }
}

#[test]
fn differences_are_read_file_by_file() {
    let hunk = |name: &str, n: usize| {
        let lines: String = (0..n).map(|i| format!("+    let {name}_{i} = retry(\"{i}\");\n")).collect();
        format!(
            "diff --git a/src/{name}.rs b/src/{name}.rs\n--- a/src/{name}.rs\n+++ b/src/{name}.rs\n@@ -10,2 +10,{} @@ fn main() {{\n-    old();\n{lines}     same(); // as before\n",
            n + 1
        )
    };
    let file =
        |path: &str, n: usize| serde_json::json!({"path": path, "status": "M", "added": n, "deleted": 1});
    let result = serde_json::json!({
        "branch": "feat/payments", "base": "main", "path": "/home/ubuntu/features/payments/core", "untracked": ["notes.md"],
        "committed": {"files": [file("src/client.rs", 6), file("src/retry.rs", 30)], "text": hunk("client", 6) + &hunk("retry", 30), "truncated": false},
        "staged": {"files": [], "text": "", "truncated": false},
        "unstaged": {"files": [file("src/main.rs", 2)], "text": hunk("main", 2), "truncated": false},
    });
    for (cols, rows) in [(200, 50), (80, 24), (60, 18)] {
        let mut state = cockpit(cols, rows);
        answered(&mut state, "2 down d", result.clone());
        assert_snapshot!(format!("diff_{cols}x{rows}"), picture(&state));
    }
    let mut state = cockpit(80, 24);
    answered(&mut state, "2 down d", result);
    press(&mut state, "] ] down down down");
    let shown = picture(&state);
    assert!(shown.contains("src/retry.rs") && shown.contains("file 2 of 3"), "{shown}");
    assert_snapshot!("diff_second_file", shown);
    press(&mut state, "]");
    assert!(picture(&state).contains("file 3 of 3"), "{}", picture(&state));
    press(&mut state, "]");
    assert!(picture(&state).contains("the last file"));
    press(&mut state, "[ [ [");
    assert!(picture(&state).contains("against main"), "and back to the list: {}", picture(&state));
}

#[test]
fn commits_are_listed_with_what_is_pushed() {
    let commit = |id: &str, subject: &str, own: bool, pushed: bool| {
        serde_json::json!({"id": id.repeat(40), "subject": subject, "author": "Ann Dev", "at": "2026-11-21T10:00:00.000Z",
            "own": own, "pushed": pushed, "files": 2, "added": 31, "deleted": 4})
    };
    let result = serde_json::json!({"branch": "feat/payments", "base": "main", "path": "/home/ubuntu/features/payments/core", "more": true,
        "commits": [commit("a", "retry: give up after ten attempts, and say so to whoever asked", true, false), commit("b", "retry: a delay", true, true), commit("c", "Begin", false, true)]});
    for (cols, rows) in [(120, 30), (60, 18)] {
        let mut state = cockpit(cols, rows);
        answered(&mut state, "2 down c", result.clone());
        assert_snapshot!(format!("log_{cols}x{rows}"), picture(&state));
    }
}

#[test]
fn a_form_offers_and_judges_while_one_types() {
    let mut state = cockpit(80, 24);
    press(&mut state, "1 a");
    say(&mut state, "gpu 9");
    assert!(picture(&state).contains("name"), "{}", picture(&state));
    assert_snapshot!("form_wrong", picture(&state));
    press(&mut state, "ctrl-u");
    say(&mut state, "gpu-01");
    assert!(picture(&state).contains("there is a host of that name already"), "{}", picture(&state));
    press(&mut state, "backspace backspace");
    say(&mut state, "03");
    press(&mut state, "tab");
    say(&mut state, "gp");
    assert_snapshot!("form_offers", picture(&state));
    press(&mut state, "tab");
    assert!(picture(&state).contains("target *        gpu-03"), "Tab takes the first: {}", picture(&state));
    press(&mut state, "ctrl-n");
    assert!(picture(&state).contains("gpu-04"));
    let effects = press(&mut state, "ctrl-p ctrl-s");
    assert!(
        matches!(effects.first(), Some(Effect::Submit(_, call)) if call.line == "host add gpu-03 gpu-03"),
        "{effects:?}"
    );
    let mut state = cockpit(80, 24);
    press(&mut state, "2 A");
    say(&mut state, "nothing-like-it");
    assert!(picture(&state).contains("no repository is called"), "{}", picture(&state));
}

#[test]
fn a_transcript_is_a_conversation() {
    let mut state = cockpit(120, 30);
    press(&mut state, "4");
    let shown = serde_json::json!({"messages": [
        {"seq": 1, "role": "user", "time": "2026-11-21T12:00:00.000Z", "blocks": [
            {"type": "text", "text": "# Retry\nPlease fix **the retry** in `client.rs`:\n- it never gives up\n- it is `fast`"}]},
        {"seq": 2, "role": "assistant", "time": "2026-11-21T12:01:00.000Z", "blocks": [
            {"type": "thinking", "text": "Where is it?"},
            {"type": "tool_use", "tool_use_id": "a", "name": "Read", "input": {"file_path": "src/client.rs"}},
            {"type": "tool_use", "tool_use_id": "b", "name": "Bash", "input": {"command": "cargo test"}}]},
        {"seq": 3, "role": "tool", "time": "2026-11-21T12:01:01.000Z", "blocks": [
            {"type": "tool_result", "tool_use_id": "a", "content": "a\nb\nc"},
            {"type": "tool_result", "tool_use_id": "b", "content": "", "exit_code": 101}]},
        {"seq": 4, "role": "assistant", "time": "2026-11-21T12:02:00.000Z", "blocks": [
            {"type": "text", "text": "It fails:\n```rust\nlet  x = \"\u{1b}[31m\";\n```"}]},
    ]});
    let id = state.data.transcripts.newest[0].id.clone();
    drop(update(&mut state, Msg::Read(id, Want::Newest, Ok(Chunk::of(shown)))));
    assert_snapshot!("transcript", picture(&state));
}

#[test]
fn without_colour_nothing_is_coloured_and_the_selection_is_seen() {
    for theme in Folder::Themes.names() {
        let buf = draw(&cockpit(120, 40), &skin(theme, Depth::None));
        assert!(buf.content.iter().all(|c| c.fg == Color::Reset && c.bg == Color::Reset), "{theme}");
        let row = (1..34).all(|x| buf[(x, 1)].modifier.contains(Modifier::REVERSED));
        assert!(row, "{theme}: the first host is chosen");
    }
}

#[test]
fn sixteen_colours_stay_sixteen() {
    for theme in Folder::Themes.names() {
        let buf = draw(&cockpit(120, 40), &skin(theme, Depth::Sixteen));
        let fits = |c: Color| matches!(c, Color::Reset | Color::Indexed(0..=15));
        assert!(buf.content.iter().all(|c| fits(c.fg) && fits(c.bg)), "{theme}");
    }
}

#[test]
fn no_control_character_is_ever_drawn() {
    for (cols, rows) in [(200, 50), (80, 24)] {
        let mut state = cockpit(cols, rows);
        for keys in ["1", "2", "3", "4", "5"] {
            press(&mut state, keys);
            let buf = draw(&state, &skin("default", Depth::True));
            let wrong = buf.content.iter().find(|c| c.symbol().chars().any(char::is_control));
            assert!(wrong.is_none(), "{wrong:?}");
        }
    }
}
