//! What real programs wrote ends on our screen as it does in tmux, at each moment that is labelled.
//!
//! tmux 3.3 is a witness, not the truth. Where it is known to be wrong, the lines are named below: it
//! ignores DECSTR, HPR and VPR, and it draws emoji of several characters (VS16, ZWJ, skin tones) one
//! column wide or as two, where programs and this crate take two columns for each.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use session_forge::live::screen::Screen;
use tempfile::TempDir;

use crate::support::wait_for;

/// What stands in a line that tmux draws with other widths, in whatever recording.
const DRAWN_OTHERWISE: [&str; 8] = ["\u{fe0f}", "\u{200d}", "🏻", "🏼", "🏽", "🏾", "🏿", "🇩🇪"];

/// Recordings that end otherwise in tmux, with the texts of the lines in which it is wrong. In
/// `classic/sequences` it also repeats a wide character (REP) only once and knows no CHT, and
/// line drawing is captured as the letters that were sent; in
/// `copilot/wide_chars` remains of lines that it drew too wide stay behind in others.
const TMUX_IS_WRONG: [(&str, &[&str]); 4] = [
    ("classic/alt-screen-and-strings", &["ar", "down"]),
    (
        "classic/sequences",
        &["cpl", "cnl", "nel", "vpa", "07 abc", "08 abc", "cre", "漢漢", "tab2", "┌────┬────┐"],
    ),
    ("copilot/wide_chars", &["コメント"]),
    ("codex/wide-characters", &["ab c"]),
];

/// A recording in asciicast v2.
struct Cast {
    size: (u16, u16),
    events: Vec<(f64, String, String)>,
}

impl Cast {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("a recording");
        let mut lines = text.lines();
        let head: serde_json::Value = serde_json::from_str(lines.next().expect("a head")).expect("JSON");
        let side = |name: &str| u16::try_from(head[name].as_u64().expect(name)).expect(name);
        let events = lines.map(|line| serde_json::from_str(line).expect("an event")).collect();
        Self { size: (side("width"), side("height")), events }
    }
}

/// When a recording is looked at: wherever its labels change, and at its end.
fn moments(cast: &Path) -> Vec<f64> {
    let mut moments = vec![f64::MAX];
    if let Ok(text) = std::fs::read_to_string(cast.with_extension("labels.json")) {
        let labels: Vec<serde_json::Value> = serde_json::from_str(&text).expect("labels");
        moments.extend(labels.iter().filter_map(|label| label["to"].as_f64()));
    }
    moments.sort_by(f64::total_cmp);
    moments.dedup();
    moments
}

/// tmux with one pane that shows what is written to it.
struct Witness {
    dir: TempDir,
    pipe: std::fs::File,
    marks: usize,
}

impl Witness {
    fn start((cols, rows): (u16, u16)) -> Self {
        let dir = tempfile::Builder::new().prefix("sfw").tempdir_in("/tmp").expect("a folder");
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .expect("a pipe");
        let show = format!("stty raw -echo; exec cat {}", pipe.display());
        let (cols, rows) = (cols.to_string(), rows.to_string());
        let command = ["-f", "/dev/null", "new-session", "-d", "-x", &cols, "-y", &rows, &show];
        tmux(dir.path(), &command);
        for option in [["status", "off"], ["window-size", "manual"], ["set-titles", "off"]] {
            tmux(dir.path(), &["set", "-g", option[0], option[1]]);
        }
        tmux(dir.path(), &["resize-window", "-x", &cols, "-y", &rows]);
        // Opens once the pane's program reads.
        let pipe = std::fs::OpenOptions::new().write(true).open(pipe).expect("the pipe");
        Self { dir, pipe, marks: 0 }
    }

    fn write(&mut self, text: &str) {
        self.pipe.write_all(text.as_bytes()).expect("read");
    }

    /// Waits until tmux has read everything.
    fn settle(&mut self) {
        self.marks += 1;
        let mark = format!("mark {}", self.marks);
        self.write(&format!("\x1b]2;{mark}\x1b\\"));
        wait_for("tmux to have read it", || {
            (tmux(self.dir.path(), &["display", "-p", "#{pane_title}"]).trim() == mark).then_some(())
        });
    }

    fn resize(&mut self, size: &str) {
        self.settle();
        let (cols, rows) = size.split_once('x').expect("a size");
        tmux(self.dir.path(), &["resize-window", "-x", cols, "-y", rows]);
    }

    fn lines(&mut self) -> Vec<String> {
        self.settle();
        let text = tmux(self.dir.path(), &["capture-pane", "-p"]);
        text.lines().map(|line| line.trim_end_matches(' ').to_owned()).collect()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        tmux(self.dir.path(), &["kill-server"]);
    }
}

#[expect(clippy::disallowed_methods, reason = "the peer, in a sealed environment of its own")]
fn tmux(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("tmux")
        .arg("-S")
        .arg(dir.join("socket"))
        .args(args)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LANG", "C.UTF-8")
        .env("TERM", "xterm-256color")
        .stdin(Stdio::null())
        .output()
        .expect("tmux");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Whether two lines are the same; tmux tells characters of the line-drawing set as the letters that were
/// sent for them.
fn same(ours: &str, theirs: &str) -> bool {
    const DRAWN: [(char, char); 13] = [
        ('─', 'q'),
        ('│', 'x'),
        ('┌', 'l'),
        ('┐', 'k'),
        ('└', 'm'),
        ('┘', 'j'),
        ('├', 't'),
        ('┤', 'u'),
        ('┬', 'w'),
        ('┴', 'v'),
        ('┼', 'n'),
        ('▒', 'a'),
        ('◆', '`'),
    ];
    let equal = |(a, b): (char, char)| a == b || DRAWN.contains(&(a, b));
    ours.chars().count() == theirs.chars().count() && ours.chars().zip(theirs.chars()).all(equal)
}

fn recordings(tool: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/terminal").join(tool);
    let mut casts: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("recordings")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "cast"))
        .collect();
    casts.sort();
    assert!(!casts.is_empty(), "no recordings in {}", folder.display());
    casts
}

/// Plays the recordings of a tool to both; how many screens were compared.
fn compare(tool: &str) {
    let mut screens = 0;
    for path in recordings(tool) {
        let name = format!("{tool}/{}", path.file_stem().expect("a name").to_string_lossy());
        let wrong = TMUX_IS_WRONG.iter().find(|(n, _)| *n == name).map_or(&[][..], |(_, lines)| lines);
        let cast = Cast::read(&path);
        let mut ours = Screen::with_scrollback(cast.size.0, cast.size.1, 1 << 20);
        let mut witness = Witness::start(cast.size);
        let mut events = cast.events.iter().peekable();
        for moment in moments(&path) {
            while let Some((_, kind, text)) = events.next_if(|(at, ..)| *at <= moment) {
                match kind.as_str() {
                    "o" => {
                        ours.feed(text.as_bytes());
                        witness.write(text);
                    }
                    "r" => {
                        let (cols, rows) = text.split_once('x').expect("a size");
                        ours.resize(cols.parse().expect("columns"), rows.parse().expect("rows"));
                        witness.resize(text);
                    }
                    _ => {}
                }
            }
            let (left, right) = (ours.text(), witness.lines());
            assert_eq!(left.len(), right.len(), "{name} at {moment}");
            for (row, (left, right)) in left.iter().zip(&right).enumerate() {
                let mut known = wrong.iter().chain(&DRAWN_OTHERWISE);
                let known = known.any(|text| left.contains(text) || right.contains(text));
                assert!(
                    known || same(left, right),
                    "{name} at {moment}, row {row}:\nours {left:?}\ntmux {right:?}"
                );
            }
            screens += 1;
            // And whoever comes later sees the same.
            let (cols, rows) = ours.size();
            let mut later = Screen::with_scrollback(cols, rows, 1 << 20);
            later.feed(&ours.formatted(1000));
            assert_eq!(later.text(), ours.text(), "{name} at {moment}, from a snapshot");
            assert_eq!((later.cursor(), later.modes()), (ours.cursor(), ours.modes()), "{name} at {moment}");
        }
    }
    assert!(screens > 0);
}

#[test]
fn claude_code_ends_as_in_tmux() {
    compare("claude-code");
}

#[test]
fn copilot_ends_as_in_tmux() {
    compare("copilot");
}

#[test]
fn codex_ends_as_in_tmux() {
    compare("codex");
}

#[test]
fn gemini_ends_as_in_tmux() {
    compare("gemini");
}

#[test]
fn classic_programs_end_as_in_tmux() {
    compare("classic");
}

#[test]
fn other_programs_end_as_in_tmux() {
    compare("programs");
}
