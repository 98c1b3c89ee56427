use super::*;

fn read(meaning: &mut Meaning, bytes: &[u8]) -> Vec<Msg> {
    let mut cutter = Cutter::default();
    cutter.push(bytes);
    let mut pieces: Vec<Piece> = std::iter::from_fn(|| cutter.next()).collect();
    pieces.extend(std::iter::from_fn(|| cutter.decide()));
    pieces.into_iter().filter_map(|piece| meaning.of(piece)).collect()
}

fn keys(bytes: &[u8]) -> String {
    let name = |msg| match msg {
        Msg::Key(chord) => chord.to_string(),
        other => format!("{other:?}"),
    };
    read(&mut Meaning::default(), bytes).into_iter().map(name).collect::<Vec<_>>().join(" ")
}

#[test]
fn keys_are_what_people_press() {
    assert_eq!(keys(b"aA\r\t\x7f\x1b[Z"), "a A enter tab backspace shift-tab");
    assert_eq!(keys(b"\x01\x1d\x1c\x1f\0"), "ctrl-a ctrl-] ctrl-\\ ctrl-_ ctrl-space");
    assert_eq!(keys(b"\x1b[A\x1bOB\x1b[1;5C\x1b[3~\x1b[15~\x1bOP"), "up down ctrl-right del f5 f1");
    assert_eq!(keys(b"\x1bx\x1b\r\x1b\x1b[A\x1b]"), "alt-x alt-enter alt-up alt-]");
    assert_eq!(keys(b"\x1b"), "esc");
    assert_eq!(keys("\u{e9}\u{4e2d}".as_bytes()), "\u{e9} \u{4e2d}");
}

#[test]
fn keys_of_the_kitty_protocol_are_told_apart() {
    assert_eq!(keys(b"\x1b[13;2u\x1b[105;5u\x1b[27u\x1b[57443u"), "shift-enter ctrl-i esc");
    // One that is released is none.
    assert_eq!(keys(b"\x1b[97;1:3u\x1b[97;1:1u"), "a");
}

#[test]
fn answers_about_colours_are_no_keys() {
    let mut meaning = Meaning::default();
    assert!(read(&mut meaning, b"\x1b]10;rgb:ffff/8080/0000\x1b\\").is_empty());
    let told = read(&mut meaning, b"x\x1b]11;rgb:1e/1e/1e\x07");
    assert_eq!(format!("{:?}", &told[1..]), "[Colors(([255, 128, 0], [30, 30, 30]))]");
    // Others that nobody asked for are nothing, and hold nothing up.
    assert_eq!(keys(b"\x1b[?62;4c\x1b[?2026;2$y\x1bP1$r0m\x1b\\\x1b[>1;2q\x1b[?1x\x1b]52;c;\x07\x1b[$p\x1b_Gi=1;OK\x1b\\y"), "y");
}

#[test]
fn the_mouse_and_the_focus_are_messages() {
    let mut meaning = Meaning::default();
    let told = read(&mut meaning, b"\x1b[<0;3;4M\x1b[<64;3;4M\x1b[<0;3;4m\x1b[I\x1b[O");
    let acts = ["Press(Left)", "Wheel(Up)", "Release(Left)", "Focus(true)", "Focus(false)"];
    for (msg, act) in told.iter().zip(acts) {
        assert!(format!("{msg:?}").contains(act), "{msg:?}");
    }
    assert!(matches!(told.first(), Some(Msg::Mouse(Mouse { col: 2, row: 3, .. }))));
    assert!(
        matches!(read(&mut meaning, b"\x1b[200~a\r\nb\x1b[201~").as_slice(), [Msg::Paste(text)] if text == "a\r\nb")
    );
}

proptest::proptest! {
    #[test]
    fn whatever_is_sent_can_be_read(sent in proptest::collection::vec(proptest::arbitrary::any::<u8>(), 0..200)) {
        read(&mut Meaning::default(), &sent);
    }

    #[test]
    fn what_follows_any_sequence_is_read(body in "[0-9;:<>?!$ ]{0,8}[@-~]") {
        let mut meaning = Meaning::default();
        if body != "200~" && !body.starts_with(['M', '[']) {
            let told = read(&mut meaning, format!("\x1b[{body}q").as_bytes());
            let last = told.last().map(|msg| format!("{msg:?}"));
            proptest::prop_assert!(last.as_ref().is_some_and(|msg| msg.contains("Char('q')")), "{last:?}");
        }
    }
}
