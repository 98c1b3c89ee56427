//! A real terminal, whose size is its own, behind a session whose size changes: it is given a picture with
//! each new size, and looks like the session whenever both have the same.

use session_forge::live::screen::{Cursor, Modes, Outward, Screen};

use crate::live::random::dice::Dice;

/// What can be seen of a screen, and its modes.
fn seen(screen: &mut Screen) -> (Vec<String>, Cursor, Modes) {
    (screen.text(), screen.cursor(), screen.modes())
}

#[test]
fn a_terminal_of_its_own_size_looks_like_the_session() {
    for seed in 1..=60 {
        let mut dice = Dice::new(seed);
        let [mut session, mut emulator, mut terminal] =
            [(); 3].map(|()| Screen::with_scrollback(80, 24, 1 << 20));
        let mut outward = Outward::new(true);
        let mut sizes = Vec::new();
        for step in 0..60 {
            if dice.roll(3) == 0 {
                let (cols, rows) = match dice.roll(2) {
                    0 => (80, 24),
                    _ => (40 + dice.roll(100), 5 + dice.roll(50)),
                };
                session.resize(u16::try_from(cols).expect("small"), u16::try_from(rows).expect("small"));
                let picture = session.formatted(0);
                terminal.feed(&outward.pass(&picture));
                emulator.feed(&picture);
                sizes.push((step, cols, rows));
            }
            let bytes = dice.output();
            if bytes.len() > 20_000 {
                continue;
            }
            let when = format!("seed {seed}, step {step}, sizes {sizes:?}");
            for (n, part) in bytes.chunks(1 + dice.roll(300)).enumerate() {
                session.feed(part);
                emulator.feed(part);
                terminal.feed(&outward.pass(part));
                if session.size() == (80, 24) {
                    let (one, other) = (seen(&mut emulator), seen(&mut session));
                    let odd = one.0.iter().zip(&other.0).position(|(a, b)| a != b);
                    let rows = odd.map(|row| (row, &one.0[row], &other.0[row]));
                    assert_eq!(rows, None, "{when}, {n}: {:?}", String::from_utf8_lossy(part));
                    assert_eq!(
                        (one.1, one.2),
                        (other.1, other.2),
                        "{when}, {n}: {:?}",
                        String::from_utf8_lossy(part)
                    );
                }
            }
            if session.size() == (80, 24) {
                assert_eq!(terminal.text(), session.text(), "{when}");
                assert_eq!(terminal.cursor(), session.cursor(), "{when}");
            }
        }
    }
}
