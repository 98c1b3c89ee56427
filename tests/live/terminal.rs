//! The person's own terminal while a session has it.

use crate::support::Sandbox;
use crate::support::pty::Terminal;

/// The terminal is asked for its colours; what it answers is not typed, and is what programs are told.
#[test]
fn a_program_is_told_the_colours_of_the_persons_terminal() {
    let place = Sandbox::new();
    let script = "stty raw -echo; echo ready; head -c 1 >/dev/null; printf '\\033]11;?\\033\\\\'; \
                  head -c 25 | tr -d '\\033\\\\' ; printf ' typed '; head -c 4; sleep 60";
    place.json(&["session", "start", "--name", "s", "--", "sh", "-c", script]);
    let mut terminal = Terminal::start(&place, &["session", "attach", "s"], 80, 24);
    terminal.wait_text("ready");
    assert!(terminal.raw().contains("\x1b]10;?\x1b\\\x1b]11;?\x1b\\"));
    terminal.send("\x1b]10;rgb:1111/2222/3333\x1b\\\x1b]11;rgb:4444/5555/6666\x1b\\g");
    terminal.wait_text("]11;rgb:4444/5555/6666");
    terminal.send("mine");
    terminal.wait_text("typed mine");
    place.json(&["session", "stop", "s", "--force"]);
}

#[test]
fn a_clipboard_that_programs_may_not_fill_is_left_alone() {
    let place = Sandbox::new();
    let script =
        "printf '\\033]52;c;aGk=\\007'; echo ready; read x; printf '\\033]52;c;aGk=\\007'; echo done; read x";
    for (may, name) in [("true", "open"), ("false", "shut")] {
        place.json(&["config", "set", "session.clipboard", may]);
        place.json(&["session", "start", "--name", name, "--", "sh", "-c", script]);
        let mut terminal = Terminal::start(&place, &["session", "attach", name], 80, 24);
        terminal.wait_text("ready");
        terminal.send("\r");
        terminal.wait_text("done");
        assert_eq!(terminal.raw().contains("\x1b]52;"), may == "true");
        place.json(&["session", "stop", name, "--force"]);
    }
}
