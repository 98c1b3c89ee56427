//! What crossterm reports, in our words.

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use super::msg::{Mouse, Msg, Rgb};
use crate::config::chord::{Chord, Key, Mods};
use crate::live::screen::mouse::{Act, Button, Turn};

/// Asks the terminal for its colours: of text, and behind it.
pub const ASK_COLORS: &[u8] = b"\x1b]10;?\x1b\\\x1b]11;?\x1b\\";
/// The longest answer to that.
const LONGEST: usize = 40;

/// Makes messages of events. crossterm does not know the answers to [`ASK_COLORS`]: it takes their
/// beginning for Alt and a bracket, and what follows for letters. Whoever presses that gets it all the
/// same, as soon as another key shows that it was no answer.
#[derive(Debug, Default)]
pub struct Reader {
    /// What may become an answer, and the text of it.
    held: Vec<Msg>,
    text: String,
    colors: [Option<Rgb>; 2],
}

impl Reader {
    /// What an event means, with what was held back before it.
    pub fn take(&mut self, event: Event) -> Vec<Msg> {
        let Some(msg) = message(event) else { return Vec::new() };
        let answered = self.colors.iter().all(Option::is_some);
        match (&msg, self.held.is_empty()) {
            (Msg::Key(Chord { key: Key::Char(']'), mods }), _) if mods.alt && !answered => {
                let before = self.release();
                self.held.push(msg);
                before
            }
            (_, true) => vec![msg],
            // The end of it: ESC and backslash, or BEL.
            (Msg::Key(Chord { key: Key::Char('\\'), mods }), _) if mods.alt => self.end(msg),
            (Msg::Key(Chord { key: Key::Char('g'), mods }), _) if mods.ctrl => self.end(msg),
            (Msg::Key(chord), _) => {
                self.text.extend(chord.text());
                self.held.push(msg);
                let fits = ["10;rgb:", "11;rgb:"]
                    .iter()
                    .any(|begin| begin.starts_with(self.text.as_str()) || self.text.starts_with(begin));
                if fits && self.held.len() <= LONGEST { Vec::new() } else { self.release() }
            }
            (_, false) => {
                let mut all = self.release();
                all.push(msg);
                all
            }
        }
    }

    fn release(&mut self) -> Vec<Msg> {
        self.text.clear();
        std::mem::take(&mut self.held)
    }

    fn end(&mut self, last: Msg) -> Vec<Msg> {
        let text = std::mem::take(&mut self.text);
        let Some((which, color)) = text.split_once(";rgb:").and_then(|(n, rgb)| Some((n, color(rgb)?)))
        else {
            self.held.push(last);
            return self.release();
        };
        self.held.clear();
        self.colors[usize::from(which != "10")] = Some(color);
        match self.colors {
            [Some(text), Some(behind)] => vec![Msg::Colors(text, behind)],
            _ => Vec::new(),
        }
    }
}

/// `1e1e/2020/ffff`, of one to four digits each.
fn color(text: &str) -> Option<Rgb> {
    let part = |part: &str| {
        let most = (1u32 << (4 * u32::try_from(part.len()).ok().filter(|n| (1..=4).contains(n))?)) - 1;
        u8::try_from(u32::from_str_radix(part, 16).ok()? * 255 / most).ok()
    };
    let mut parts = text.split('/').map(part);
    let color = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(color)
}

/// The message of an event, if it is one.
fn message(event: Event) -> Option<Msg> {
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

    fn typed(reader: &mut Reader, keys: &[(char, KeyModifiers)]) -> Vec<String> {
        let events = keys.iter().map(|(c, mods)| Event::Key(KeyEvent::new(KeyCode::Char(*c), *mods)));
        events.flat_map(|event| reader.take(event)).map(|msg| format!("{msg:?}")).collect()
    }

    fn answer(text: &str, end: (char, KeyModifiers)) -> Vec<(char, KeyModifiers)> {
        let plain = text.chars().map(|c| (c, KeyModifiers::NONE));
        [(']', KeyModifiers::ALT)].into_iter().chain(plain).chain([end]).collect()
    }

    #[test]
    fn answers_about_colours_are_no_keys() {
        let mut reader = Reader::default();
        let (st, bel) = (('\\', KeyModifiers::ALT), ('g', KeyModifiers::CONTROL));
        assert!(typed(&mut reader, &answer("10;rgb:ffff/8080/0000", st)).is_empty());
        let told = typed(&mut reader, &answer("11;rgb:1e/1e/1e", bel));
        assert_eq!(told, ["Colors([255, 128, 0], [30, 30, 30])"]);
        // Both are known, so from now on it is a key.
        assert_eq!(typed(&mut reader, &answer("1", st)).len(), 3);
    }

    #[test]
    fn what_only_looks_like_an_answer_is_typed() {
        let mut reader = Reader::default();
        let plain = KeyModifiers::NONE;
        assert!(typed(&mut reader, &[(']', KeyModifiers::ALT), ('1', plain)]).is_empty());
        assert_eq!(typed(&mut reader, &[('x', plain)]).len(), 3);
        assert_eq!(typed(&mut reader, &[('1', plain)]).len(), 1);
        assert!(typed(&mut reader, &[(']', KeyModifiers::ALT)]).is_empty());
        assert_eq!(reader.take(Event::Paste("p".into())).len(), 2);
        assert_eq!(color("12/34"), None);
        assert_eq!(color("f/00000/f"), None);
    }

    #[test]
    fn the_leave_chord_is_what_people_press() {
        let sent = KeyEvent::new(KeyCode::Char('5'), KeyModifiers::CONTROL);
        assert_eq!(chord(sent).map(|c| c.to_string()).as_deref(), Some("ctrl-]"));
        let back = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(chord(back).map(|c| c.to_string()).as_deref(), Some("shift-tab"));
    }
}
