//! What the emulator costs beside the vt100 crate, in one run on one core: `cargo bench --bench screen`.
//!
//! Both are fed the same bytes for a while. With `-- --write` the table goes into `docs/terminal.md`.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a table for people; the crate is the peer"
)]

use std::error::Error;
use std::fmt::Write;
use std::num::NonZero;
use std::path::Path;
use std::time::Duration;

use session_forge::live::screen::Screen;
use session_forge::sys::clock::Watch;

const COLS: u16 = 200;
const ROWS: u16 = 50;
/// What is kept of lines that left: bytes here, lines there.
const KEPT: usize = 8 * 1024 * 1024;
const LINES: usize = 10_000;
/// As much as comes at once from a program.
const PIECE: usize = 16 * 1024;
/// How long each side is fed.
const WHILE: Duration = Duration::from_secs(2);
/// The best of so many counts.
const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let table = table();
    print!("{table}");
    if std::env::args().any(|word| word == "--write") {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/terminal.md");
        let text = std::fs::read_to_string(&page)?;
        let (before, rest) = text.split_once(BEGIN).ok_or("the page has no place for it")?;
        let (_, after) = rest.split_once(END).ok_or("the page has no end of the place for it")?;
        std::fs::write(&page, format!("{before}{BEGIN}\n{table}\n{END}{after}"))?;
    }
    Ok(())
}

const BEGIN: &str = "<!-- the emulator -->\n";
const END: &str = "<!-- end of the emulator -->";

fn table() -> String {
    let mut out = String::from(
        "| one core, 200x50 | vt100 0.18 | `live/screen` | times |\n| --- | --- | --- | --- |\n",
    );
    for (name, bytes) in inputs() {
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as f64 / bytes.len() as f64;
        let theirs = best(|| {
            let mut parser = vt100();
            speed(&bytes, |piece| parser.process(piece))
        });
        let ours = best(|| {
            let mut screen = Screen::with_scrollback(COLS, ROWS, KEPT);
            speed(&bytes, |piece| screen.feed(piece))
        });
        let cell = |speed: f64| format!("{speed:.1} MB/s, {:.2} M lines/s", speed * lines);
        let _ = writeln!(out, "| {name} | {} | {} | {:.1} |", cell(theirs), cell(ours), ours / theirs);
    }
    let mut screen = Screen::with_scrollback(COLS, ROWS, KEPT);
    let words = colours(4_000_000);
    words.chunks(PIECE).for_each(|piece| screen.feed(piece));
    let picture = screen.formatted(LINES);
    let mut narrow = false;
    let ours = [
        quickest(|| drop(screen.formatted(LINES))),
        quickest(|| Screen::with_scrollback(COLS, ROWS, KEPT).feed(&picture)),
        quickest(|| {
            narrow = !narrow;
            screen.resize(if narrow { COLS - 80 } else { COLS }, ROWS);
        }),
    ];
    let mut parser = vt100();
    parser.process(&words);
    let screen_alone = quickest(|| drop(parser.screen().state_formatted()));
    let history = LINES.min(screen.history());
    let size = picture.len() as f64 / 1e6;
    let _ = writeln!(
        out,
        "| a picture with {history} coloured lines ({size:.1} MB): written | {screen_alone:.1} ms, without the lines | \
         {:.1} ms | |\n| read | | {:.1} ms | |\n| another width, all that is kept | cut off | {:.1} ms | |",
        ours[0], ours[1], ours[2],
    );
    let mut screen = Screen::with_scrollback(COLS, ROWS, KEPT);
    plain(60_000_000).chunks(PIECE).for_each(|piece| screen.feed(piece));
    let mut lines = 0;
    let text = quickest(|| {
        lines = 0;
        screen.each_line(&mut |_, _| lines += 1);
    });
    let _ = writeln!(out, "| {lines} lines as text, to choose from | | {text:.1} ms | |");
    let _ = writeln!(
        out,
        "| lines of 20 to 180 columns that 8 MiB keep | {} at 32 bytes a cell | {} | |",
        KEPT / (32 * usize::from(COLS)),
        screen.history(),
    );
    out
}

fn vt100() -> vt100::Parser {
    let [rows, cols] = [ROWS, COLS].map(|size| NonZero::new(size).unwrap_or(NonZero::<u16>::MIN));
    vt100::Parser::new(rows, cols, LINES)
}

fn inputs() -> [(&'static str, Vec<u8>); 4] {
    const SIZE: usize = 4_000_000;
    let scripts = "日本語 text e\u{301}\u{301} 👨\u{200d}💻 ✔\u{fe0f} ┌──┐ │ää│ 🇩🇪 mixed\r\n";
    [
        ("`y` lines", b"y\r\n".repeat(SIZE / 3)),
        ("plain text, 20 to 180 columns", plain(SIZE)),
        ("twelve colours a line", colours(SIZE)),
        ("wide, combining, emoji, box drawing", scripts.repeat(SIZE / scripts.len()).into_bytes()),
    ]
}

/// Numbers that only look random.
fn numbers() -> impl FnMut() -> usize {
    let mut n = 7_u64;
    move || {
        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(n >> 33).unwrap_or(0)
    }
}

fn plain(size: usize) -> Vec<u8> {
    let (mut out, mut number) = (Vec::with_capacity(size + 200), numbers());
    while out.len() < size {
        let (length, turn) = (20 + number() % 160, number());
        out.extend((0..length).map(|i| b"abcdefghijklmnopqrstuvwxyz"[(turn >> (i % 24)) % 26]));
        out.extend_from_slice(b"\r\n");
    }
    out
}

fn colours(size: usize) -> Vec<u8> {
    let (mut out, mut number) = (String::with_capacity(size + 400), numbers());
    while out.len() < size {
        for word in 0..12 {
            let _ = write!(out, "\x1b[38;5;{}mword{word} ", number() % 256);
        }
        out.push_str("\x1b[m\r\n");
    }
    out.into_bytes()
}

/// Megabytes a second that are read.
fn speed(bytes: &[u8], mut feed: impl FnMut(&[u8])) -> f64 {
    let (begun, mut fed) = (Watch::start(), 0_usize);
    for piece in bytes.chunks(PIECE).cycle() {
        feed(piece);
        fed += piece.len();
        if begun.elapsed() >= WHILE {
            break;
        }
    }
    fed as f64 / 1e6 / begun.elapsed().as_secs_f64()
}

fn best(mut side: impl FnMut() -> f64) -> f64 {
    (0..ROUNDS).map(|_| side()).fold(0.0, f64::max)
}

/// Milliseconds, of the quickest round.
fn quickest(mut work: impl FnMut()) -> f64 {
    let rounds = (0..ROUNDS).map(|_| {
        let begun = Watch::start();
        work();
        begun.elapsed().as_secs_f64() * 1000.0
    });
    rounds.fold(f64::MAX, f64::min)
}
