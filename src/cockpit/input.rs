//! What crossterm reports, in our words.

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use super::msg::{Mouse, Msg};
use crate::config::chord::{Chord, Key, Mods};
use crate::live::screen::mouse::{Act, Button, Turn};

/// The message of an event, if it is one.
pub fn message(event: Event) -> Option<Msg> {
    Some(match event {
        Event::Key(key) => Msg::Key(chord(key)?),
        Event::Paste(text) => Msg::Paste(text),
        // The loop hears of it by the signal itself.
        Event::Resize(..) => return None,
        Event::FocusGained => Msg::Focus(true),
        Event::FocusLost => Msg::Focus(false),
        Event::Mouse(mouse) => Msg::Mouse(self::mouse(mouse)),
    })
}

fn chord(event: KeyEvent) -> Option<Chord> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let mut mods = mods(event.modifiers);
    let key = match event.code {
        // Terminals send the control characters 0x1c to 0x1f as these; people press the others.
        KeyCode::Char(c @ '4'..='7') if mods.ctrl => Key::Char(match c {
            '4' => '\\',
            '5' => ']',
            '6' => '^',
            _ => '_',
        }),
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Enter => Key::Enter,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => {
            mods.shift = true;
            Key::Tab
        }
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Esc => Key::Escape,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Insert => Key::Insert,
        KeyCode::Delete => Key::Delete,
        KeyCode::F(n @ 1..=24) => Key::Function(n),
        _ => return None,
    };
    Some(Chord { key, mods }.canonical())
}

fn mods(held: KeyModifiers) -> Mods {
    Mods {
        shift: held.contains(KeyModifiers::SHIFT),
        alt: held.contains(KeyModifiers::ALT),
        ctrl: held.contains(KeyModifiers::CONTROL),
    }
}

fn mouse(event: MouseEvent) -> Mouse {
    let button = |button| match button {
        MouseButton::Left => Button::Left,
        MouseButton::Middle => Button::Middle,
        MouseButton::Right => Button::Right,
    };
    let act = match event.kind {
        MouseEventKind::Down(b) => Act::Press(button(b)),
        MouseEventKind::Up(b) => Act::Release(button(b)),
        MouseEventKind::Drag(b) => Act::Drag(button(b)),
        MouseEventKind::Moved => Act::Move,
        MouseEventKind::ScrollUp => Act::Wheel(Turn::Up),
        MouseEventKind::ScrollDown => Act::Wheel(Turn::Down),
        MouseEventKind::ScrollLeft => Act::Wheel(Turn::Left),
        MouseEventKind::ScrollRight => Act::Wheel(Turn::Right),
    };
    Mouse { act, mods: mods(event.modifiers), col: event.column, row: event.row }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leave_chord_is_what_people_press() {
        let sent = KeyEvent::new(KeyCode::Char('5'), KeyModifiers::CONTROL);
        assert_eq!(chord(sent).map(|c| c.to_string()).as_deref(), Some("ctrl-]"));
        let back = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(chord(back).map(|c| c.to_string()).as_deref(), Some("shift-tab"));
    }
}
