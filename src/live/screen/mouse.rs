//! The mouse as terminals send it (xterm's ctlseqs, "Mouse Tracking").

use super::{Modes, Mouse, MouseEncoding};
use crate::config::chord::Mods;

/// A cell in pixels, as programs are told.
const CELL: (u32, u32) = (8, 16);

/// A button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// The left one.
    Left,
    /// The middle one.
    Middle,
    /// The right one.
    Right,
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A button went down.
    Press(Button),
    /// A button went up.
    Release(Button),
    /// It moved with a button held down.
    Drag(Button),
    /// It moved.
    Move,
    /// The wheel turned: away, near, to the left, to the right.
    Wheel(Turn),
}

/// Where the wheel turned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Away from the person.
    Up,
    /// Towards them.
    Down,
    /// To the left.
    Left,
    /// To the right.
    Right,
}

/// The bytes that a program in these modes expects; nothing when it does not want to know. `col` and
/// `row` count from 0.
pub fn bytes(act: Act, mods: Mods, col: u16, row: u16, modes: Modes) -> Vec<u8> {
    let wanted = match (act, modes.mouse) {
        (_, Mouse::Off) => false,
        (Act::Press(_), _) => true,
        (_, Mouse::Press) => false,
        (Act::Release(_) | Act::Wheel(_), _) => true,
        (Act::Drag(_), mouse) => matches!(mouse, Mouse::ButtonMotion | Mouse::AnyMotion),
        (Act::Move, mouse) => mouse == Mouse::AnyMotion,
    };
    if !wanted {
        return Vec::new();
    }
    let button = |button| match button {
        Button::Left => 0,
        Button::Middle => 1,
        Button::Right => 2,
    };
    let mut code: u32 = match act {
        Act::Press(b) | Act::Release(b) => button(b),
        Act::Drag(b) => 32 + button(b),
        Act::Move => 35,
        Act::Wheel(Turn::Up) => 64,
        Act::Wheel(Turn::Down) => 65,
        Act::Wheel(Turn::Left) => 66,
        Act::Wheel(Turn::Right) => 67,
    };
    if modes.mouse != Mouse::Press {
        code += 4 * u32::from(mods.shift) + 8 * u32::from(mods.alt) + 16 * u32::from(mods.ctrl);
    }
    let up = matches!(act, Act::Release(_));
    // The older encodings do not say which button went up.
    let old = if up { code | 3 } else { code };
    let (x, y) = (u32::from(col) + 1, u32::from(row) + 1);
    let last = if up { 'm' } else { 'M' };
    match modes.mouse_encoding {
        MouseEncoding::Sgr => format!("\x1b[<{code};{x};{y}{last}").into_bytes(),
        MouseEncoding::Pixels => {
            // The middle of the cell.
            let (x, y) = (u32::from(col) * CELL.0 + CELL.0 / 2, u32::from(row) * CELL.1 + CELL.1 / 2);
            format!("\x1b[<{code};{x};{y}{last}").into_bytes()
        }
        MouseEncoding::Urxvt => format!("\x1b[{};{x};{y}M", old + 32).into_bytes(),
        MouseEncoding::Utf8 => {
            let mut out = String::from("\x1b[M");
            out.extend([old, x, y].into_iter().filter_map(|n| char::from_u32(n + 32)));
            out.into_bytes()
        }
        MouseEncoding::Default => {
            let mut out = b"\x1b[M".to_vec();
            for n in [old, x, y] {
                // What a byte cannot say is not said.
                let Ok(byte) = u8::try_from(n + 32) else { return Vec::new() };
                out.push(byte);
            }
            out
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_gets_what_it_asked_for() {
        use Act::{Drag, Move, Press, Release, Wheel};
        let shown = |act, mouse, encoding| {
            let modes = Modes { mouse, mouse_encoding: encoding, ..Modes::default() };
            String::from_utf8_lossy(&bytes(act, Mods::default(), 4, 9, modes)).into_owned()
        };
        let (left, right) = (Button::Left, Button::Right);
        for (act, mouse, encoding, wanted) in [
            (Press(left), Mouse::Off, MouseEncoding::Sgr, ""),
            (Press(left), Mouse::Press, MouseEncoding::Default, "\x1b[M %*"),
            (Release(left), Mouse::Press, MouseEncoding::Default, ""),
            (Release(right), Mouse::PressRelease, MouseEncoding::Default, "\x1b[M#%*"),
            (Press(right), Mouse::PressRelease, MouseEncoding::Sgr, "\x1b[<2;5;10M"),
            (Release(right), Mouse::PressRelease, MouseEncoding::Sgr, "\x1b[<2;5;10m"),
            (Drag(left), Mouse::PressRelease, MouseEncoding::Sgr, ""),
            (Drag(left), Mouse::ButtonMotion, MouseEncoding::Sgr, "\x1b[<32;5;10M"),
            (Move, Mouse::ButtonMotion, MouseEncoding::Sgr, ""),
            (Move, Mouse::AnyMotion, MouseEncoding::Sgr, "\x1b[<35;5;10M"),
            (Wheel(Turn::Down), Mouse::PressRelease, MouseEncoding::Urxvt, "\x1b[97;5;10M"),
            (Wheel(Turn::Up), Mouse::PressRelease, MouseEncoding::Pixels, "\x1b[<64;36;152M"),
            (Press(left), Mouse::PressRelease, MouseEncoding::Utf8, "\x1b[M %*"),
        ] {
            assert_eq!(shown(act, mouse, encoding), wanted, "{act:?} {mouse:?} {encoding:?}");
        }
        let modes = Modes { mouse: Mouse::PressRelease, ..Modes::default() };
        assert!(bytes(Press(left), Mods::default(), 300, 0, modes).is_empty());
        let held = Mods { shift: true, alt: false, ctrl: true };
        let sgr = Modes { mouse_encoding: MouseEncoding::Sgr, ..modes };
        assert_eq!(bytes(Press(left), held, 0, 0, sgr), b"\x1b[<20;1;1M");
    }
}
