#![allow(clippy::disallowed_methods, reason = "the second opinion is read here")]

use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::*;

fn screen_of(cols: u16, rows: u16, bytes: &[u8]) -> Screen {
    let mut screen = Screen::new(cols, rows);
    screen.feed(bytes);
    screen
}

fn picture(screen: &Screen) -> (Vec<String>, Cursor, Modes, Option<String>) {
    (screen.text(), screen.cursor(), screen.modes(), screen.title().map(str::to_owned))
}

#[test]
fn gaps_of_the_emulator_are_filled() {
    for (name, bytes, wanted) in [
        ("IND", &b"ab\x1bDc"[..], ["ab", "  c", ""]),
        ("NEL", b"ab\x1bEc", ["ab", "c", ""]),
        ("CBT", b"a\tb\x1b[Zc\x1b[2Zd", ["d       c", "", ""]),
        ("CHT", b"\x1b[1Ix", ["        x", "", ""]),
        ("tabs of its own", b"\x1b[3g\x1b[1;3H\x1bH\r\tx\x1b[1;3H\x1b[g\r\ty", ["  x        y", "", ""]),
        ("HPR and VPR", b"a\x1b[2ab\x1b[ec", ["a  b", "    c", ""]),
        ("REP", b"ab\x1b[3bc", ["abbbbc", "", ""]),
        ("insert mode", b"bc\r\x1b[4ha", ["abc", "", ""]),
        ("no wrap", b"\x1b[?7l123456789012345", ["123456789015", "", ""]),
        ("columns between margins", b"\x1b[?69h\x1b[3;5s\x1b[1;3Habcd", ["  abc", "  d", ""]),
        ("DECALN", b"\x1b#8", ["EEEEEEEEEEEE", "EEEEEEEEEEEE", "EEEEEEEEEEEE"]),
        ("line drawing", b"\x1b(0lqk\x1b(Bx", ["┌─┐x", "", ""]),
        ("shift out", b"\x1b)0\x0eq\x0fq", ["─q", "", ""]),
        ("1047", b"a\x1b[?1047hb\x1b[?1047l", ["a", "", ""]),
        ("a sixel picture", b"a\x1bPq#0;2;0;0?\x1b\\b", ["ab", "", ""]),
    ] {
        assert_eq!(screen_of(12, 3, bytes).text(), wanted, "{name}");
    }
}

#[test]
fn attributes_are_kept() {
    let screen = screen_of(10, 1, b"\x1b[38:2::1:2:3ma\x1b[58;5;1mb\x1b[4:3mc");
    let a = screen.cell(0, 0).expect("inside");
    assert_eq!((&*a.text, a.fg, a.bold), ("a", Color::Rgb(1, 2, 3), false));
    assert!(!screen.cell(1, 0).expect("inside").bold, "underline colour is no attribute");
    assert!(screen.cell(2, 0).expect("inside").underline == 3);
}

#[test]
fn questions_are_answered() {
    for (question, answer) in [
        ("\x1b[c", "\x1b[?64;1;6;9;15;21;22;28;52c"),
        ("\x1b[5n", "\x1b[0n"),
        ("\x1b[2;3H\x1b[6n", "\x1b[2;3R"),
        ("\x1b[?6n", "\x1b[?1;1;1R"),
        ("\x1b[?2004h\x1b[?2004$p", "\x1b[?2004;1$y"),
        ("\x1b[?1$p", "\x1b[?1;2$y"),
        ("\x1b[?4711$p", "\x1b[?4711;0$y"),
        ("\x1b]11;?\x07", "\x1b]11;rgb:0000/0000/0000\x07"),
        ("\x1b[18t", "\x1b[8;5;20t"),
        ("\x1b[3;5r\x1b[?6h\x1b[2;1H\x1b[6n", "\x1b[2;1R"),
    ] {
        let mut screen = screen_of(20, 5, question.as_bytes());
        assert_eq!(String::from_utf8_lossy(&screen.take_replies()), answer, "{question:?}");
        assert!(screen.take_replies().is_empty(), "once");
    }
    let mut screen = screen_of(20, 5, b"\x1b[>q\x1b[>c");
    assert!(screen.take_replies().starts_with(b"\x1bP>|sf "));
}

#[test]
fn capabilities_and_settings_are_told() {
    for (question, answer) in [
        ("\x1b[1;4:3m\x1bP$qm\x1b\\", "\x1bP1$r0;1;4:3m\x1b\\"),
        ("\x1b[2;4r\x1bP$qr\x1b\\", "\x1bP1$r2;4r\x1b\\"),
        ("\x1b[4 q\x1bP$q q\x1b\\", "\x1bP1$r4 q\x1b\\"),
        ("\x1bP$qz\x1b\\", "\x1bP0$r\x1b\\"),
        ("\x1bP+q544e;5a\x1b\\", "\x1bP1+r544e=787465726D2D323536636F6C6F72\x1b\\\x1bP0+r5a\x1b\\"),
        ("\x1b[?2026$p", "\x1b[?2026;2$y"),
        ("\x1b[?2027$p", "\x1b[?2027;3$y"),
        ("\x1b[4$p", "\x1b[4;2$y"),
        (
            "\x1b]4;1;?;2;#00ff00;2;?\x1b\\",
            "\x1b]4;1;rgb:cdcd/0000/0000\x1b\\\x1b]4;2;rgb:0000/ffff/0000\x1b\\",
        ),
        ("\x1b[?996n", "\x1b[?997;1n"),
        ("\x1b[14t\x1b[16t", "\x1b[4;80;160t\x1b[6;16;8t"),
        ("\x1b[?2048h", "\x1b[48;5;20;80;160t"),
        // What could be used to read the screen, or to type for the person, is not told.
        ("x\x1b[1;0;1;1;1;1*y", ""),
        ("\x1b]2;rm -rf\x07\x1b[21t", "\x1b]l\x1b\\"),
        ("\x1b]52;c;?\x07", ""),
    ] {
        let mut screen = screen_of(20, 5, question.as_bytes());
        assert_eq!(String::from_utf8_lossy(&screen.take_replies()), answer, "{question:?}");
    }
}

#[test]
fn the_keyboard_protocols_are_kept_for_each_screen() {
    let mut screen = screen_of(20, 5, b"\x1b[>1u\x1b[>5u\x1b[?u");
    assert_eq!((screen.modes().keyboard, screen.take_replies()), (5, b"\x1b[?5u".to_vec()));
    screen.feed(b"\x1b[?1049h");
    assert_eq!(screen.modes().keyboard, 0);
    screen.feed(b"\x1b[=1;1u\x1b[=2;2u\x1b[=1;3u");
    assert_eq!(screen.modes().keyboard, 2);
    screen.feed(b"\x1b[?1049l\x1b[<u");
    assert_eq!(screen.modes().keyboard, 1);
    screen.feed(b"\x1b[<9u\x1b[>4;2m");
    assert_eq!((screen.modes().keyboard, screen.modes().other_keys), (0, 2));
}

#[test]
fn what_is_drawn_as_one_is_one() {
    for (text, wanted) in [
        ("\u{26a0}\u{fe0f}x", &[("\u{26a0}\u{fe0f}", 2), ("", 0), ("x", 1)][..]),
        ("👨\u{200d}💻x", &[("👨\u{200d}💻", 2), ("", 0), ("x", 1)]),
        ("🇩🇪🇫🇷", &[("🇩🇪", 2), ("", 0), ("🇫🇷", 2), ("", 0)]),
        ("👍🏽x", &[("👍🏽", 2), ("", 0), ("x", 1)]),
        ("1\u{fe0f}\u{20e3}x", &[("1\u{fe0f}\u{20e3}", 2), ("", 0), ("x", 1)]),
        ("e\u{301}日", &[("e\u{301}", 1), ("日", 2), ("", 0)]),
        ("한글", &[("한", 2), ("", 0), ("글", 2), ("", 0)]),
    ] {
        let screen = screen_of(10, 1, text.as_bytes());
        let cells: Vec<(String, u8)> =
            screen.row(0).take(wanted.len()).map(|c| (c.text.to_string(), c.width)).collect();
        let wanted: Vec<(String, u8)> = wanted.iter().map(|(t, w)| ((*t).to_owned(), *w)).collect();
        assert_eq!(cells, wanted, "{text}");
        let columns: usize = wanted.iter().map(|(_, w)| usize::from(*w)).sum();
        assert_eq!(usize::from(screen.cursor().col), columns, "{text}");
        assert_eq!(UnicodeWidthStr::width(text), columns, "as it is drawn: {text}");
    }
    let mark = "e".to_owned() + &"\u{301}".repeat(10_000);
    assert!(screen_of(10, 1, mark.as_bytes()).cell(0, 0).expect("inside").text.len() <= 64);
}

#[test]
fn another_width_wraps_anew() {
    let mut screen = Screen::with_scrollback(10, 4, 100_000);
    screen.feed("first line that is long\r\nsecond 日本\r\n\r\n$ ".as_bytes());
    assert_eq!(
        screen.text(),
        ["ng", "second 日", "本", "", "$"][1..].iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()
    );
    screen.resize(30, 4);
    assert_eq!(screen.text(), ["first line that is long", "second 日本", "", "$"]);
    assert_eq!((screen.cursor().col, screen.cursor().row, screen.history()), (2, 3, 0));
    screen.resize(7, 4);
    assert_eq!(screen.text(), ["second", "日本", "", "$"]);
    screen.resize(10, 4);
    screen.resize(80, 6);
    assert_eq!(screen.text(), ["first line that is long", "second 日本", "", "$", "", ""]);
    assert_eq!((screen.cursor().col, screen.cursor().row), (2, 3));
    // The main screen follows while a program has the other one.
    screen.feed(b"\x1b[?1049h\x1b[Hfull");
    screen.resize(12, 4);
    assert_eq!(screen.text()[0], "full");
    screen.feed(b"\x1b[?1049l");
    assert_eq!(screen.text()[3], "$");
    assert_eq!((screen.cursor().col, screen.cursor().row), (2, 3));
}

#[test]
fn the_history_takes_no_more_than_it_may() {
    let mut screen = Screen::with_scrollback(80, 4, 50_000);
    for line in 0..5000 {
        screen.feed(format!("line {line} {}\r\n", "x".repeat(line % 70)).as_bytes());
        assert!(screen.history_bytes() <= 50_000);
    }
    assert!(screen.history() > 30, "{}", screen.history());
    screen.scroll_to(10);
    let seen = screen.text();
    screen.feed(b"more\r\nmore\r\n");
    assert_eq!(screen.text(), seen, "whoever reads what was before goes on reading it");
    screen.feed(b"\x1b[3J");
    assert_eq!((screen.history(), screen.history_bytes(), screen.scrolled()), (0, 0, 0));
}

#[test]
fn many_styles_are_no_leak() {
    let mut screen = Screen::with_scrollback(40, 10, 10_000);
    for n in 0..60_000u32 {
        let (r, g, b) = (n & 255, n >> 8 & 255, n % 7);
        screen.feed(format!("\x1b[38;2;{r};{g};{b}mx\x1b]8;;http://h/{n}\x1b\\e\u{301}").as_bytes());
    }
    assert!(!screen.term.styles.crowded());
    let last = screen.row(screen.cursor().row).find(|c| c.text == "x").expect("written");
    assert_eq!(last.link.split('/').next(), Some("http:"));
}

#[test]
fn titles_and_events_are_data() {
    let mut screen = screen_of(
        20,
        2,
        b"\x1b]2;a\xc2\x85b\x1b\\\x07\x1b]9;hi; you\x07\x1b]777;notify;T;B\x07\x1b]9;4;1;50\x07\x1b]133;D;2\x07\x1b]7501;busy\x07",
    );
    assert_eq!(screen.title(), Some("ab"), "control characters are taken out");
    let notify = |title: &str, body: &str| Notice::Notify { title: title.into(), body: body.into() };
    assert_eq!(
        screen.take_notices(),
        [
            Notice::Bell,
            notify("", "hi; you"),
            notify("T", "B"),
            Notice::Progress(1, 50),
            Notice::Mark('D', Some(2)),
            Notice::Tool("busy".into()),
        ]
    );
}

#[test]
fn a_snapshot_restores_everything() {
    let cases: [(&str, &[u8]); 16] = [
        ("protected cells", b"a\x1bVb\x1bWc\x1b[1\"qd\x1b[0\"qe\x1bVf\x1bW"),
        ("the main screen under the other", b"main\r\nline\x1b[31m\x1b[?1049h\x1b[2;2Halt"),
        ("wrapped lines", b"123456789012345678901234567890\r\nx"),
        ("keyboard", b"\x1b[>1u\x1b[>5u\x1b[>4;1m\x1b[?1049h\x1b[>3u"),
        ("columns", b"\x1b[?69h\x1b[3;9s\x1b[2;4r\x1b[?6h\x1b[2;2Hx"),
        ("cursor put aside", b"\x1b[2;3H\x1b[1;32m\x1b7\x1b[m\x1b[4;4Hx"),
        ("tab stops", b"\x1b[3g\x1b[1;5H\x1bH\r"),
        ("wide in the last column", "\x1b[1;19H日".as_bytes()),
        ("line drawing", b"\x1b(0\x1b[2;2Hqq"),
        ("colours and cursor", b"\x1b[1;31mred\x1b[0m plain\x1b[3;4H"),
        ("alternate screen", b"main\x1b[?1049h\x1b[2;2Halt"),
        ("modes", b"\x1b[?1h\x1b=\x1b[?2004h\x1b[?1002h\x1b[?1006h\x1b[?1004h\x1b[?25l\x1b[4 q"),
        ("region", b"\x1b[2;4r\x1b[3;1Hx"),
        ("region and origin", b"\x1b[2;4r\x1b[?6h\x1b[2;1Hx"),
        ("title", b"\x1b]2;a title\x07"),
        ("full last column", b"\x1b[1;1H12345678901234567890"),
    ];
    for (name, bytes) in cases {
        let mut original = screen_of(20, 5, bytes);
        // The other screen is in the worst of states before.
        let mut copy = screen_of(
            20,
            5,
            b"\x1bVold\r\nold\x1b[?1003h\x1b[?1006h\x1b[?2004h\x1b[2;3r\x1b[?6h\x1b(0\x1b[?1049hold\x1b[31m\x1b[3",
        );
        copy.feed(&original.formatted(0));
        assert_eq!(picture(&copy), picture(&original), "{name}");
        // And behaves alike afterwards, until it leaves the alternate screen.
        for more in [&b"q\tw\r\nA\r\nB\r\nC\x1b[1;1HD"[..], b"\x1b8E", b"\x1b[?1049lF\x1b8G", b"\x1b[<u"] {
            original.feed(more);
            copy.feed(more);
            assert_eq!(picture(&copy), picture(&original), "{name}, later");
        }
        original.resize(33, 7);
        copy.resize(33, 7);
        assert_eq!(picture(&copy), picture(&original), "{name}, at another size");
    }
}

#[test]
fn a_snapshot_in_the_middle_of_a_sequence_goes_on() {
    for (first, second) in [
        (&b"a\x1b[3"[..], &b"1mb"[..]),
        (b"\xe2\x82", b"\xac"),
        (b"\x1b]2;ti", b"tle\x07x"),
        (b"\x1bPq##", b"##\x1b\\x"),
    ] {
        let mut original = screen_of(10, 2, first);
        let mut copy = screen_of(10, 2, &original.formatted(0));
        original.feed(second);
        copy.feed(second);
        assert_eq!(picture(&copy), picture(&original));
    }
}

#[test]
fn history_can_be_read_and_travels() {
    let mut screen = Screen::with_scrollback(10, 3, 100_000);
    for line in 0..20 {
        screen.feed(format!("line {line}\r\n").as_bytes());
    }
    let text = screen.screen_text(5, false);
    assert_eq!(text.lines[..5], ["line 13", "line 14", "line 15", "line 16", "line 17"]);
    assert_eq!(text.lines.len(), 8);
    assert_eq!(screen.scrolled(), 0);
    let mut copy = Screen::with_scrollback(10, 3, 100_000);
    copy.feed(&screen.formatted(10));
    assert_eq!(copy.history(), 10);
    assert_eq!(copy.screen_text(5, false), text);
}

#[test]
fn sizes_are_clamped() {
    assert_eq!(Screen::new(0, 0).size(), (1, 1));
    assert_eq!(Screen::new(u16::MAX, u16::MAX).size(), (1000, 1000));
    let mut screen = screen_of(1, 1, "日本\u{200d}e\u{301}\t\x1b[5C".as_bytes());
    screen.resize(0, 3);
    assert_eq!(screen.size(), (1, 3));
}

/// What every terminal understands alike.
fn common() -> impl Strategy<Value = Vec<u8>> {
    let number = || 0u16..14;
    let piece = prop_oneof![
        3 => "[ -~]{0,25}".prop_map(String::into_bytes),
        2 => Just(b"\r\n".to_vec()),
        1 => "[äéß]{0,4}".prop_map(String::into_bytes),
        2 => (1u16..9, 1u16..24).prop_map(|(r, c)| format!("\x1b[{r};{c}H").into_bytes()),
        2 => (number(), "[GST]").prop_map(|(n, last)| format!("\x1b[{n}{last}").into_bytes()),
        // After the last column opinions differ.
        2 => (number(), number(), "[@PXCD]")
            .prop_map(|(c, n, last)| format!("\x1b[{c}G\x1b[{n}{last}").into_bytes()),
        1 => (number(), "[LM]").prop_map(|(n, last)| format!("\x1b[{n}{last}\r").into_bytes()),
        1 => (number(), 0u8..3, "[JK]")
            .prop_map(|(c, n, last)| format!("\x1b[{c}G\x1b[{n}{last}").into_bytes()),
        1 => (1u16..4, 4u16..7).prop_map(|(a, b)| format!("\x1b[{a};{b}r\x1b[3;2H").into_bytes()),
        1 => prop::sample::select(vec!["\x1b[1;31m", "\x1b[m", "\x1b[48;5;7m", "\x1b[3;2H\x1bM", "\x1b[?25l", "\x1b[r\x1b[2;2H", "\r\t"])
            .prop_map(|s| s.as_bytes().to_vec()),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces: Vec<Vec<u8>>| pieces.concat())
}

fn soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..20),
        "[ -~äé日👨‍💻\u{fe0f}\u{301}]{0,12}".prop_map(String::into_bytes),
        ("[?>! ]?", proptest::collection::vec(0u32..70000, 0..4), "[@-~]").prop_map(
            |(mark, numbers, last)| {
                let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
                format!("\x1b[{mark}{}{last}", numbers.join(";")).into_bytes()
            }
        ),
        "\x1b[ -~]".prop_map(String::into_bytes),
        "\x1b\\][0-9]{1,3};[ -~]{0,9}\x07".prop_map(String::into_bytes),
    ];
    proptest::collection::vec(piece.prop_map(Into::into), 0..40)
        .prop_map(|pieces: Vec<Vec<u8>>| pieces.concat())
}

#[test]
fn what_is_wide_stays_whole_when_it_is_moved() {
    let screen = screen_of(6, 1, "abcd日\x1b[1;1H\x1b[P".as_bytes());
    assert_eq!(screen.text(), ["bcd日"]);
    let screen = screen_of(6, 1, "abcd日\x1b[1;1H\x1b[@".as_bytes());
    assert_eq!(screen.text(), [" abcd"]);
}

/// Every line, and whether it goes on.
fn lines(screen: &Screen) -> Vec<(String, bool)> {
    let mut lines = Vec::new();
    screen.each_line(&mut |text, wrapped| lines.push((text.to_owned(), wrapped)));
    lines
}

/// The same without blanks at the end: which of them were written is not in a picture.
fn trimmed(screen: &Screen) -> Vec<(String, bool)> {
    lines(screen).into_iter().map(|(text, wrapped)| (text.trim_end().to_owned(), wrapped)).collect()
}

#[test]
fn a_line_that_goes_on_keeps_its_blanks() {
    let screen = screen_of(6, 4, "ab    cd  \r\n日本日\r\nx\x1b[K".as_bytes());
    let lines = lines(&screen);
    let line = |text: &str, on| (text.to_owned(), on);
    assert_eq!(lines, [line("ab    ", true), line("cd", false), line("日本日", false), line("x", false)]);
    // What is wide had no room: the cell before it was never written.
    assert_eq!(self::lines(&screen_of(5, 2, "日本日".as_bytes())), [line("日本", true), line("日", false)]);
}

#[test]
fn a_snapshot_keeps_a_line_that_went_on_where_a_line_was_put_in() {
    let mut original = screen_of(8, 4, b"abcdefghij\x1b[L");
    let mut copy = Screen::new(8, 4);
    copy.feed(&original.formatted(100));
    assert_eq!(lines(&copy), lines(&original));
    assert_eq!(copy.text(), ["abcdefgh", "", "ij", ""]);
    copy.resize(4, 4);
    original.resize(4, 4);
    assert_eq!(lines(&copy), lines(&original));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_fed_can_be_read(bytes in soup(), cols in 1u16..30, rows in 1u16..12, later in (1u16..30, 1u16..12)) {
        let mut screen = Screen::with_scrollback(cols, rows, 2000);
        screen.feed(&bytes);
        screen.resize(later.0, later.1);
        screen.feed(&bytes);
        let _ = screen.screen_text(50, true);
        let (cols, rows) = screen.size();
        let cursor = screen.cursor();
        prop_assert!(cursor.col < cols && cursor.row < rows);
        for row in 0..rows {
            prop_assert_eq!(screen.row(row).count(), usize::from(cols));
        }
        let mut copy = Screen::new(cols, rows);
        copy.feed(&screen.formatted(5));
        prop_assert_eq!(copy.modes().alternate_screen, screen.modes().alternate_screen);
    }

    /// Whatever the other screen showed before; a title is only taken away by another.
    #[test]
    fn a_snapshot_makes_any_screen_alike(bytes in soup(), before in soup()) {
        let mut original = screen_of(20, 6, &bytes);
        // What became wide where there was no room, and was moved then, is narrow for ever.
        let fits = |cell: Cell| cell.text.width() <= usize::from(cell.width.max(1));
        if !(0..120).all(|n| original.cell(n % 20, n / 20).is_none_or(fits)) {
            return Ok(());
        }
        let mut copy = screen_of(20, 6, &before);
        copy.feed(&original.formatted(0));
        let state = |screen: &Screen| (screen.text(), screen.cursor(), screen.modes());
        prop_assert_eq!(state(&copy), state(&original));
    }

    #[test]
    fn another_emulator_reads_it_alike(bytes in common()) {
        let screen = screen_of(20, 6, &bytes);
        let mut other = vt100::Parser::new(6.try_into().expect("rows"), 20.try_into().expect("columns"), 0);
        other.process(&bytes);
        let lines: Vec<String> = other.screen().rows(0, 20).map(|l| l.trim_end().to_owned()).collect();
        prop_assert_eq!(screen.text(), lines);
    }

    #[test]
    fn where_the_reads_cut_does_not_matter(bytes in soup(), cut in 1usize..9) {
        let whole = screen_of(20, 6, &bytes);
        let mut parts = Screen::new(20, 6);
        for part in bytes.chunks(cut) {
            parts.feed(part);
        }
        prop_assert_eq!(picture(&parts), picture(&whole));
    }

    /// A picture of a screen whose lines were wrapped anew wraps at yet another width as the screen does.
    #[test]
    fn a_snapshot_wraps_anew_alike(
        pieces in proptest::collection::vec(
            prop_oneof![
                "[a-c ]{1,6}".prop_map(|s: String| s),
                proptest::sample::select(vec!["漢", "❤\u{fe0f}", "👩\u{200d}👧", "🇩🇪", "e\u{301}", "\r\n", "\x1b[44m", "\x1b[m", "\x1b[K", "\x1b[3X", "\x1b[2C"]).prop_map(str::to_owned),
            ],
            0..40,
        ),
        sizes in (3u16..20, 3u16..20, 3u16..20),
    ) {
        let mut original = Screen::with_scrollback(sizes.0, 6, 100_000);
        original.feed(pieces.concat().as_bytes());
        original.resize(sizes.1, 6);
        let mut copy = Screen::with_scrollback(sizes.1, 6, 100_000);
        copy.feed(&original.formatted(1000));
        prop_assert_eq!(trimmed(&copy), trimmed(&original));
        original.resize(sizes.2, 6);
        copy.resize(sizes.2, 6);
        prop_assert_eq!(trimmed(&copy), trimmed(&original));
    }
}
