//! The cockpit from end to end: the demo, in a pseudo terminal and in tmux.

use std::path::PathBuf;

use crate::support::picture;
use crate::support::pty::Terminal;
use crate::support::{Said, Sandbox, wait_for};

const PANES: [&str; 4] = ["Hosts", "Features", "Live", "Transcripts"];

/// A demo that is ended with the test.
struct Demo {
    place: Sandbox,
    dir: PathBuf,
}

impl Demo {
    fn new() -> Self {
        let place = Sandbox::new();
        let dir = place.path().join("d");
        Self { place, dir }
    }

    fn dir(&self) -> &str {
        self.dir.to_str().expect("text")
    }

    /// Opens the cockpit on the demo's home.
    fn open(&self, cols: u16, rows: u16) -> Terminal {
        Terminal::start(&self.place, &["demo", self.dir()], cols, rows)
    }

    /// Runs `sf` in the demo's home.
    fn sf(&self, args: &[&str]) -> serde_json::Value {
        let mut command = self.place.sf_command(&[args, &["--json"]].concat());
        command.env("SF_HOME", self.dir.join("sf")).env("HOME", self.dir.join("home"));
        let said = Said::of(command);
        assert_eq!(said.status, 0, "{args:?}: {said:?}");
        said.json()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.place.sf(&["demo", self.dir(), "--stop"]);
    }
}

#[test]
fn the_demo_fills_all_four_panes_and_the_keys_do_what_help_says() {
    let demo = Demo::new();
    let mut screen = demo.open(140, 34);
    for pane in PANES {
        screen.wait_text(pane);
    }
    screen.wait_text("payments");
    screen.wait_text("shell");
    screen.wait_text("retry back-off");

    // Help is made from the keymap, and one Esc closes it.
    screen.send("?");
    screen.wait_text("sync {feature}");
    screen.send("\x1b");
    screen.wait("help to be closed", |text| !text.contains("sync {feature}"));

    // The palette takes a command line; its result is shown.
    screen.send(":");
    screen.wait_text("Commands");
    screen.send("worktr");
    screen.wait_text("worktree list");
    screen.send("\x15version\r");
    screen.wait_text(concat!("version   ", env!("CARGO_PKG_VERSION")));

    // The filter is fuzzy.
    screen.send("4/decm");
    screen.wait("only one transcript", |text| {
        text.contains("Port the checkout") && !text.contains("pay button")
    });
    screen.send("\x1b");
    screen.wait_text("pay button");

    // Sync says how it went.
    screen.send("2s");
    screen.wait_text("unchanged");

    // A live session opens, takes keys, and is left by its chord.
    screen.send("3");
    screen.wait_text("A live shell");
    screen.send("\r");
    screen.wait_text("TERMINAL");
    screen.send("clear; git log --oneline --color=always; ls --color=always; echo typed-$((20+3))\r");
    screen.wait_text("typed-23");
    screen.send("\x1d");
    screen.wait_text("NORMAL");
    picture_of(&screen, "cockpit");

    // Quitting leaves sessions running, and the terminal as it was.
    screen.send("q");
    assert_eq!(screen.exit(), 0);
    assert!(screen.raw().contains("\x1b[?1049l"), "the alternate screen was left");
    let rows = demo.sf(&["session", "list"]);
    assert!(
        rows.as_array()
            .is_some_and(|r| r.iter().any(|row| row["name"] == "shell" && row["state"] != "exited"))
    );
}

#[test]
fn a_transcript_is_read_and_all_are_searched() {
    let demo = Demo::new();
    let mut screen = demo.open(140, 40);
    screen.wait_text("retry back-off");
    // The newest but one was Claude Code's, with an edit.
    screen.send("4/back-off\r5");
    screen.wait_text("✓ Edit");
    screen.send("\x1b[H");
    screen.wait("the beginning", |text| text.contains(" 1/"));
    // Calls: the first reads, the second edits.
    screen.send("))\r");
    screen.wait_text("+             if attempt + 1 == attempts:");
    screen.wait("the colours of the code", |text| text.contains("▏ except TimeoutError:"));
    picture_of(&screen, "transcript");
    // What is looked for is found beyond what is shown, and gone through.
    screen.send("/gave up");
    screen.wait_text("2 of 2");
    screen.send("\rn");
    screen.wait_text("1 of 2");
    screen.send("\x1b");
    screen.wait("the end of the search", |text| !text.contains("/gave up"));
    // All transcripts, while typing; opened at the hit.
    screen.send("f");
    screen.wait_text("Search all transcripts");
    screen.send("timeout");
    screen.wait("hits in two talks", |text| text.contains("in 2 transcripts"));
    picture_of(&screen, "search");
    screen.send(" tool:codex");
    screen.wait_text("in 1 transcript ");
    screen.send("\r");
    screen.wait_text("hit 1 of");
    screen.wait_text("Add a test that counts");
    screen.send("q");
    assert_eq!(screen.exit(), 0);
}

/// With `SF_BLESS=1`, a picture of docs/ is drawn anew.
fn picture_of(screen: &Terminal, name: &str) {
    #[expect(clippy::disallowed_methods, reason = "tests are not sealed against their own switches")]
    let bless = std::env::var_os("SF_BLESS").is_some();
    if bless {
        let path = crate::house::root().join(format!("docs/{name}.svg"));
        std::fs::write(path, screen.with_screen(picture::svg)).expect("written");
    }
}

#[test]
fn a_cockpit_that_is_killed_takes_no_session_with_it() {
    let demo = Demo::new();
    let mut screen = demo.open(120, 40);
    screen.wait_text("shell");
    screen.send("3");
    screen.wait_text("A live shell");
    screen.send("\r");
    screen.wait_text("TERMINAL");
    screen.send("echo survives-$((40+2))\r");
    screen.wait_text("survives-42");
    // SIGKILL: nothing of it can tidy up.
    screen.kill();
    let mut again = demo.open(120, 40);
    again.wait_text("shell");
    again.send("3");
    again.wait_text("survives-42");
    again.send("\r");
    again.wait_text("TERMINAL");
    again.send("echo again-$((50+5))\r");
    again.wait_text("again-55");
    again.send("\x1dq");
    assert_eq!(again.exit(), 0);
}

#[test]
fn n_starts_a_session_in_the_selected_worktree() {
    let demo = Demo::new();
    let mut screen = demo.open(140, 40);
    // What the demo says while it is built names them as well: the panes have to be there.
    screen.wait("the worktrees", |text| text.contains("4 Transcripts") && text.contains("web"));
    // From the feature down to the worktree of web.
    screen.send("2jj");
    screen.wait_text("payments/web @ local");
    screen.send("n");
    screen.wait_text("shell");
    // The list of programs is filtered as one types.
    screen.send("shell\r");
    let row = wait_for("a session in the worktree of web", || {
        let rows = demo.sf(&["session", "list"]);
        rows.as_array()?.iter().find(|row| row["repo"] == "web").cloned()
    });
    assert_eq!(row["feature"], "payments");
    screen.send("\x1d");
    screen.send("q");
    assert_eq!(screen.exit(), 0);
}

#[test]
fn a_terminal_of_any_size_is_no_reason_to_end() {
    let demo = Demo::new();
    let mut screen = demo.open(100, 30);
    screen.wait_text("Hosts");
    for (cols, rows) in [(1, 1), (2, 50), (300, 2), (60, 18), (1000, 5), (80, 24)] {
        screen.resize(cols, rows);
        screen.send("?\x1b");
    }
    screen.wait("the panes at 80x24", |text| PANES.iter().all(|p| text.contains(p)));
    // An Esc that is read together with the next key is Alt and that key: so one that stands alone.
    screen.send("?");
    screen.wait_text("sync {feature}");
    screen.send("\x1b");
    screen.wait("help to be closed", |text| !text.contains("sync {feature}"));
    screen.send("q");
    assert_eq!(screen.exit(), 0);
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let demo = Demo::new();
    let mut screen = demo.open(100, 30);
    screen.wait_text("Hosts");
    let pid = screen.pid();
    session_forge::sys::proc::kill(pid, rustix::process::Signal::TERM).expect("ours");
    let _ = screen.exit();
    assert!(screen.raw().contains("\x1b[?1049l"), "the alternate screen was left");
    assert!(screen.raw().contains("\x1b[?25h"), "the cursor is shown");
}

/// A tmux server of the test's own.
struct Tmux<'a> {
    place: &'a Sandbox,
    socket: PathBuf,
}

impl Tmux<'_> {
    fn run(&self, args: &[&str]) -> Said {
        let mut command = self.place.command("tmux");
        command.arg("-S").arg(&self.socket).args(["-f", "/dev/null"]).args(args);
        Said::of(command)
    }

    fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        wait_for(what, || {
            let text = self.run(&["capture-pane", "-p"]).stdout;
            wanted(&text).then_some(text)
        })
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        let _ = self.run(&["kill-server"]);
    }
}

#[test]
fn in_tmux_at_three_sizes() {
    let demo = Demo::new();
    for (cols, rows) in [("200", "50"), ("80", "24"), ("60", "18")] {
        let tmux = Tmux { place: &demo.place, socket: demo.place.path().join(format!("t{cols}")) };
        let program = format!("{} demo {}", env!("CARGO_BIN_EXE_sf"), demo.dir());
        let started = tmux.run(&["new-session", "-d", "-x", cols, "-y", rows, &program]);
        assert_eq!(started.status, 0, "{started:?}");
        let size = format!("{cols}x{rows}");
        tmux.wait(&format!("all four panes by name at {size}"), |text| {
            PANES.iter().all(|p| text.contains(p))
        });
        let keys = |keys: &[&str]| assert_eq!(tmux.run(&[&["send-keys"], keys].concat()).status, 0);
        keys(&["?"]);
        tmux.wait(&format!("`sync` on the first page of help at {size}"), |text| {
            text.contains("Keys") && text.contains("sync {feature}")
        });
        keys(&["Escape"]);
        tmux.wait(&format!("help closed by one Esc at {size}"), |text| !text.contains("sync {feature}"));
        keys(&["3"]);
        keys(&["Enter"]);
        tmux.wait(&format!("the live shell at {size}"), |text| text.contains("TERMINAL"));
        keys(&["-l", "echo in-tmux-$((60+6))\n"]);
        tmux.wait(&format!("what was typed at {size}"), |text| text.contains("in-tmux-66"));
        keys(&["C-]"]);
        tmux.wait(&format!("normal mode at {size}"), |text| text.contains("NORMAL"));
        keys(&["q"]);
        wait_for("the cockpit to end", || (tmux.run(&["list-sessions"]).status != 0).then_some(()));
    }
}
