//! The real program in a real pseudo terminal: it starts, it answers, and it leaves no trace.

use crate::support::pty::Terminal;
use crate::support::{Sandbox, wait_for};

#[test]
fn the_cockpit_opens_helps_and_leaves_the_terminal_as_it_was() {
    let place = Sandbox::new();
    let mut terminal = Terminal::start(&place, &[], 120, 40);
    let shown = terminal.wait_text("● local");
    for word in ["1 Hosts", "2 Features", "3 Live", "4 Transcripts", "NORMAL"] {
        assert!(shown.contains(word), "{word} is missing:\n{shown}");
    }
    let ours = terminal.with_screen(|screen| screen.modes());
    assert_eq!(ours.keyboard, 1, "Shift+Enter is told from Enter, where the terminal can");
    terminal.send("?");
    terminal.wait_text("sync {feature}");
    terminal.send("\x1b");
    terminal.wait("help to close", |text| !text.contains("sync {feature}"));
    terminal.resize(60, 18);
    terminal.wait_text("5 Stage");
    terminal.send("q");
    assert_eq!(terminal.exit(), 0);
    let modes = terminal.with_screen(|screen| screen.modes());
    assert!(!modes.alternate_screen && !modes.bracketed_paste && !modes.focus_events, "{modes:?}");
    assert_eq!((modes.mouse, modes.keyboard), (session_forge::live::screen::Mouse::Off, 0));
    assert!(terminal.raw().contains("\x1b[<1u"), "also on the screen that it was pushed on");
    assert!(terminal.with_screen(|screen| screen.cursor().visible));
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let place = Sandbox::new();
    let mut terminal = Terminal::start(&place, &[], 80, 24);
    terminal.wait_text("Transcripts");
    session_forge::sys::proc::kill(terminal.pid(), rustix::process::Signal::TERM).expect("ours");
    assert_eq!(terminal.exit(), 143);
    assert!(!terminal.with_screen(|screen| screen.modes()).alternate_screen);
}

#[test]
fn a_broken_file_is_a_notice_and_the_cockpit_starts() {
    let place = Sandbox::new();
    std::fs::create_dir_all(place.sf_home()).expect("made");
    std::fs::write(place.sf_home().join("keymap.toml"), "[global]\nt = \"snyc\"\n").expect("written");
    std::fs::write(place.sf_home().join("theme.toml"), "[role\n").expect("written");
    let mut terminal = Terminal::start(&place, &[], 120, 30);
    terminal.wait_text("1 Hosts");
    terminal.send("!");
    terminal.wait("both notices", |text| text.contains("global.t") && text.contains("theme.toml"));
    terminal.send("\x1b");
    terminal.wait("the notices to close", |text| !text.contains("theme.toml"));
    terminal.send("q");
    assert_eq!(terminal.exit(), 0);
}

#[test]
fn a_session_is_typed_into_and_outlives_the_cockpit() {
    let place = Sandbox::new();
    let mut terminal = Terminal::start(&place, &[], 120, 40);
    terminal.wait_text("● local");
    terminal.send("N");
    terminal.wait_text("which program?");
    terminal.send("shell\r");
    terminal.wait("the session to be listed", |text| text.contains("│ · sh"));
    terminal.send("\r");
    terminal.wait_text("TERMINAL");
    terminal.send("echo $((6*7))-answers\r");
    terminal.wait_text("42-answers");
    terminal.send("\x1d");
    terminal.wait_text("NORMAL");
    terminal.send("q");
    assert_eq!(terminal.exit(), 0);
    let mut again = Terminal::start(&place, &[], 120, 40);
    again.wait_text("● local");
    again.send("3");
    again.wait_text("42-answers");
    again.send("x");
    again.wait_text("y  yes");
    again.send("y");
    again.wait_text("exited");
    again.send("q");
    assert_eq!(again.exit(), 0);
}

/// A session of a command on the stage, typed into.
fn typed_into(place: &Sandbox, command: &str) -> Terminal {
    let started = place.sf(&["session", "start", "--", "sh", "-c", command]);
    assert_eq!(started.status, 0, "{started:?}");
    let mut terminal = Terminal::start(place, &[], 100, 30);
    terminal.wait_text("● local");
    terminal.send("3\r");
    terminal.wait_text("TERMINAL");
    terminal
}

#[test]
fn whatever_comes_at_once_arrives_whole() {
    let place = Sandbox::new();
    let file = place.path().join("got");
    let mut terminal = typed_into(&place, &format!("stty raw -echo; echo ready; cat > {}", file.display()));
    terminal.wait_text("ready");
    let mut sent = String::new();
    // Without brackets, as terminals paste that know none; longer than is read at once, and than waits at once.
    for size in [500, 1024, 3000, 20_000] {
        let burst: String = ('a'..='z').cycle().take(size).collect();
        terminal.send(&burst);
        sent.push_str(&burst);
        wait_for("all of it", || (std::fs::read_to_string(&file).ok()? == sent).then_some(()));
    }
    let paste = "0123456789".repeat(200_000);
    terminal.send(&format!("\x1b[200~{paste}\x1b[201~"));
    sent.push_str(&paste);
    wait_for("the paste", || (std::fs::read_to_string(&file).ok()? == sent).then_some(()));
    terminal.send("\x1d");
    terminal.wait_text("NORMAL");
}

#[test]
fn programs_are_told_the_colours_of_the_terminal_from_the_start() {
    let place = Sandbox::new();
    let mut terminal = Terminal::start(&place, &[], 100, 30);
    terminal.wait_text("● local");
    terminal.send("\x1b]10;rgb:1010/1010/1010\x1b\\\x1b]11;rgb:fafa/fafa/f0f0\x1b\\");
    wait_for("them to be remembered", || place.sf_home().join("colors.json").exists().then_some(()));
    let ask = "stty raw -echo; printf '\\033]11;?\\007'; dd bs=1 count=24 2>/dev/null | od -An -c; read x";
    let id =
        place.json(&["session", "start", "--", "sh", "-c", ask])["id"].as_str().expect("an id").to_owned();
    wait_for("the answer", || {
        let text: String = place.sf(&["session", "screen", &id]).stdout.split_whitespace().collect();
        text.contains("11;rgb:fafa/fafa/f0f0").then_some(())
    });
}

#[test]
fn escape_is_a_key_while_the_program_writes_without_end() {
    let place = Sandbox::new();
    // On a line of its own: a raw terminal goes on where the flood was, which may be the end of a row.
    let command = "stty raw -echo; yes .... & key=$(head -c 1 | od -An -tx1); kill $!; printf '\\r\\ngot %s' $key; read x";
    let mut terminal = typed_into(&place, command);
    terminal.wait_text("....");
    terminal.send("\x1b");
    terminal.wait_text("got 1b");
}

#[test]
fn a_stopped_cockpit_comes_back() {
    use rustix::process::Signal;
    use session_forge::sys::proc::kill;
    let place = Sandbox::new();
    let mut terminal = Terminal::start(&place, &[], 80, 24);
    terminal.wait_text("Transcripts");
    terminal.send("\x1a");
    let pid = terminal.pid();
    let stopped = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
        stat.rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" T")).then_some(())
    };
    wait_for("the process to stop", stopped);
    terminal.wait("the screen to be given back", |text| !text.contains("Transcripts"));
    assert!(!terminal.with_screen(|screen| screen.modes()).alternate_screen);
    kill(pid, Signal::CONT).expect("ours");
    terminal.wait_text("Transcripts");
    terminal.send("q");
    assert_eq!(terminal.exit(), 0);
}
