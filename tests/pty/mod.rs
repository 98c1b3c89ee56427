//! The real program in a real pseudo terminal: it starts, it answers, and it leaves no trace.

use crate::support::Sandbox;
use crate::support::pty::Terminal;

#[test]
fn the_cockpit_opens_helps_and_leaves_the_terminal_as_it_was() {
    let place = Sandbox::new();
    let mut terminal = Terminal::start(&place, &[], 120, 40);
    let shown = terminal.wait_text("● local");
    for word in ["1 Hosts", "2 Features", "3 Live", "4 Transcripts", "NORMAL"] {
        assert!(shown.contains(word), "{word} is missing:\n{shown}");
    }
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
    assert_eq!(modes.mouse, session_forge::live::screen::Mouse::Off);
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
