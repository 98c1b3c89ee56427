//! What the outer terminal sends, in our words: keys, the mouse, pastes, and what it says of itself.

mod cut;

use termina::escape::osc::{ColorOrQuery, DynamicColorNumber, Osc};
use termina::event::{KeyCode, KeyEvent, KeyEventKind, Modifiers, MouseButton, MouseEvent, MouseEventKind};
use termina::{Event, Parser};
use tokio::io::AsyncReadExt;
use tokio::time::Instant;

use self::cut::{Cutter, Piece};
use super::msg::{Mouse, Msg};
use crate::config::chord::{Chord, Key, Mods};
use crate::live::screen::mouse::{Act, Button, Turn};
use crate::model::live::Rgb;
use crate::sys::polled;

/// Asks the terminal for its colours: of text, and behind it.
pub const ASK_COLORS: &[u8] = b"\x1b]10;?\x1b\\\x1b]11;?\x1b\\";
/// Read at once, in bytes.
const READ: usize = 4 * 1024;

/// The terminal's end of a keyboard. (crossterm's events need a thread that waits for them, and stop short when more
/// comes at once than it reads.)
pub struct Input {
    terminal: polled::Input,
    cutter: Cutter,
    meaning: Meaning,
    /// When what has come is a key after all.
    decided: Option<Instant>,
}

impl Input {
    /// Reads standard input. Needs a tokio runtime.
    pub fn new() -> Self {
        Self {
            terminal: polled::stdin(),
            cutter: Cutter::default(),
            meaning: Meaning::default(),
            decided: None,
        }
    }

    /// What comes next, at least one thing; `None` when the terminal is gone. Nothing is lost when this is dropped
    /// before it is ready.
    pub async fn next(&mut self) -> Option<Vec<Msg>> {
        loop {
            let mut buffer = [0; READ];
            let pieces: Vec<Piece> = tokio::select! {
                read = self.terminal.read(&mut buffer) => {
                    let len = read.ok().filter(|len| *len > 0)?;
                    self.cutter.push(&buffer[..len]);
                    std::iter::from_fn(|| self.cutter.next()).collect()
                }
                () = until(self.decided) => self.cutter.decide().into_iter().collect(),
            };
            self.decided = self.cutter.is_undecided().then(|| Instant::now() + cut::REST);
            let msgs: Vec<Msg> = pieces.into_iter().filter_map(|piece| self.meaning.of(piece)).collect();
            if !msgs.is_empty() {
                return Some(msgs);
            }
        }
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Makes messages of pieces.
#[derive(Debug, Default)]
struct Meaning {
    parser: Parser,
    /// What the terminal has said of its colours.
    colors: [Option<Rgb>; 2],
}

impl Meaning {
    fn of(&mut self, piece: Piece) -> Option<Msg> {
        match piece {
            Piece::Paste(text) => Some(Msg::Paste(text)),
            Piece::Alt(begins) => {
                let mods = Mods { alt: true, ..Mods::default() };
                Some(Msg::Key(Chord { key: Key::Char(begins), mods }.canonical()))
            }
            Piece::Sequence(bytes) => match bytes.as_slice() {
                [0x1b, 0x1b, _, ..] => match self.event(&bytes[1..])? {
                    Event::Key(key) => {
                        let modifiers = key.modifiers | Modifiers::ALT;
                        chord(KeyEvent { modifiers, ..key }).map(Msg::Key)
                    }
                    _ => None,
                },
                // No key, and no answer to what we ask; the parser would take the rest of it for letters.
                [0x1b, b'[', b' '..=b'/' | b':' | b';' | b'=', ..] | [0x1b, b'X' | b'^' | b'_', _, ..] => {
                    None
                }
                all => {
                    let event = self.event(all)?;
                    self.message(event)
                }
            },
        }
    }

    fn event(&mut self, bytes: &[u8]) -> Option<Event> {
        self.parser.parse(bytes, false);
        let event = self.parser.pop();
        if event.is_none() {
            // It may wait for more of something that was whole.
            self.parser = Parser::default();
        }
        event
    }

    fn message(&mut self, event: Event) -> Option<Msg> {
        Some(match event {
            Event::Key(key) => Msg::Key(chord(key)?),
            Event::Mouse(mouse) => Msg::Mouse(self::mouse(mouse)),
            Event::FocusIn => Msg::Focus(true),
            Event::FocusOut => Msg::Focus(false),
            Event::Osc(Osc::ChangeDynamicColors(number, said)) => {
                let which = match number {
                    DynamicColorNumber::TextForegroundColor => 0,
                    DynamicColorNumber::TextBackgroundColor => 1,
                    _ => return None,
                };
                let Some(ColorOrQuery::Color(color)) = said.first() else { return None };
                self.colors[which] = Some([color.red, color.green, color.blue]);
                let [Some(text), Some(behind)] = self.colors else { return None };
                Msg::Colors((text, behind))
            }
            // Pastes were cut out before; a new size is told by a signal.
            Event::Paste(_) | Event::WindowResized(_) | Event::Csi(_) | Event::Osc(_) | Event::Dcs(_) => {
                return None;
            }
        })
    }
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
        KeyCode::Escape => Key::Escape,
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
        KeyCode::Function(n @ 1..=24) => Key::Function(n),
        _ => return None,
    };
    Some(Chord { key, mods }.canonical())
}

fn mods(held: Modifiers) -> Mods {
    Mods {
        shift: held.contains(Modifiers::SHIFT),
        alt: held.contains(Modifiers::ALT),
        ctrl: held.contains(Modifiers::CONTROL),
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
mod tests;
