use proptest::prelude::*;

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
fn foreign_colours_are_read() {
    let screen = screen_of(10, 1, b"\x1b[38:2::1:2:3ma\x1b[58;5;1mb\x1b[4:3mc");
    let a = screen.cell(0, 0).expect("inside");
    assert_eq!((a.text, a.fg, a.bold), ("a", Color::Rgb(1, 2, 3), false));
    assert!(!screen.cell(1, 0).expect("inside").bold, "underline colour is no attribute");
    assert!(screen.cell(2, 0).expect("inside").underline);
}

#[test]
fn questions_are_answered() {
    for (question, answer) in [
        ("\x1b[c", "\x1b[?62;22c"),
        ("\x1b[5n", "\x1b[0n"),
        ("\x1b[2;3H\x1b[6n", "\x1b[2;3R"),
        ("\x1b[?6n", "\x1b[?1;1R"),
        ("\x1b[?2004h\x1b[?2004$p", "\x1b[?2004;1$y"),
        ("\x1b[?1$p", "\x1b[?1;2$y"),
        ("\x1b[?4711$p", "\x1b[?4711;0$y"),
        ("\x1b]11;?\x07", "\x1b]11;rgb:0000/0000/0000\x1b\\"),
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
fn titles_and_events_are_data() {
    let mut screen = screen_of(
        20,
        2,
        b"\x1b]2;a\xc2\x85b\x1b\\\x07\x1b]9;hi; you\x07\x1b]777;notify;T;B\x07\x1b]9;4;1;50\x07",
    );
    assert_eq!(screen.title(), Some("ab"), "control characters are taken out");
    let notify = |title: &str, body: &str| Notice::Notify { title: title.into(), body: body.into() };
    assert_eq!(
        screen.take_notices(),
        [Notice::Bell, notify("", "hi; you"), notify("T", "B"), Notice::Progress(1, 50)]
    );
}

#[test]
fn a_snapshot_restores_everything() {
    let cases: [(&str, &[u8]); 7] = [
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
            b"old\x1b[?1003h\x1b[?1006h\x1b[?2004h\x1b[2;3r\x1b[?6h\x1b(0\x1b[?1049hold\x1b[31m\x1b[3",
        );
        copy.feed(&original.formatted(0));
        assert_eq!(picture(&copy), picture(&original), "{name}");
        // And behaves alike afterwards, until it leaves the alternate screen.
        let more = b"\r\nA\r\nB\r\nC\x1b[1;1HD";
        original.feed(more);
        copy.feed(more);
        assert_eq!(picture(&copy), picture(&original), "{name}, later");
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
    let mut screen = Screen::with_scrollback(10, 3, 100);
    for line in 0..20 {
        screen.feed(format!("line {line}\r\n").as_bytes());
    }
    let text = screen.screen_text(5, false);
    assert_eq!(text.lines[..5], ["line 13", "line 14", "line 15", "line 16", "line 17"]);
    assert_eq!(text.lines.len(), 8);
    assert_eq!(screen.scrolled(), 0);
    let mut copy = Screen::with_scrollback(10, 3, 100);
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_can_be_fed_at_any_size(bytes in soup(), cols in 1u16..30, rows in 1u16..12, later in (1u16..30, 1u16..12)) {
        let mut screen = Screen::with_scrollback(cols, rows, 20);
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

    #[test]
    fn where_the_reads_cut_does_not_matter(bytes in soup(), cut in 1usize..9) {
        let whole = screen_of(20, 6, &bytes);
        let mut parts = Screen::new(20, 6);
        for part in bytes.chunks(cut) {
            parts.feed(part);
        }
        prop_assert_eq!(picture(&parts), picture(&whole));
    }
}
