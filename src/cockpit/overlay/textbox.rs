//! A place to type: one line, or many.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::widgets::Widget;
use tui_textarea::{CursorMove, Input, Key as AreaKey, TextArea};

use crate::cockpit::text;
use crate::config::chord::{Chord, Key};

/// A text that is being typed.
#[derive(Clone, Debug)]
pub struct TextBox {
    area: TextArea<'static>,
    many: bool,
}

impl TextBox {
    /// A box with a text in it and the cursor behind it; `many` lines or one.
    pub fn new(text: &str, many: bool) -> Self {
        let lines = if many { text.lines().map(harmless).collect() } else { vec![harmless(text)] };
        let mut area = TextArea::new(lines);
        area.set_cursor_line_style(Style::new());
        area.set_cursor_style(Style::new().add_modifier(Modifier::REVERSED));
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
        Self { area, many }
    }

    /// What was typed.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Lines of the text.
    pub fn height(&self) -> usize {
        self.area.lines().len()
    }

    /// Takes a key; whether it changed the text.
    pub fn key(&mut self, chord: Chord) -> bool {
        let single = matches!(chord.key, Key::Enter) && !self.many;
        if single || matches!(chord.key, Key::Tab | Key::Escape | Key::Function(_)) {
            return false;
        }
        // Keys of shells rather than of the widget, which takes ctrl-u for undo.
        if chord.mods.ctrl && chord.key == Key::Char('u') {
            return self.area.delete_line_by_head();
        }
        self.area.input(input(chord))
    }

    /// Takes pasted text.
    pub fn paste(&mut self, pasted: &str) {
        let lines: Vec<String> = pasted.lines().map(harmless).collect();
        self.area.insert_str(lines.join(if self.many { "\n" } else { " " }));
    }

    /// Draws it; the cursor only if keys go here.
    pub fn view(&self, style: Style, active: bool, area: Rect, buf: &mut Buffer) {
        if area.is_empty() {
            return;
        }
        let mut shown = self.area.clone();
        shown.set_style(style);
        if !active {
            shown.set_cursor_style(Style::new());
        }
        (&shown).render(area, buf);
    }
}

fn harmless(line: &str) -> String {
    text::clean(line)
}

fn input(chord: Chord) -> Input {
    let key = match chord.key {
        Key::Char(c) => AreaKey::Char(c),
        Key::Enter => AreaKey::Enter,
        Key::Tab => AreaKey::Tab,
        Key::Backspace => AreaKey::Backspace,
        Key::Escape => AreaKey::Esc,
        Key::Up => AreaKey::Up,
        Key::Down => AreaKey::Down,
        Key::Left => AreaKey::Left,
        Key::Right => AreaKey::Right,
        Key::Home => AreaKey::Home,
        Key::End => AreaKey::End,
        Key::PageUp => AreaKey::PageUp,
        Key::PageDown => AreaKey::PageDown,
        Key::Delete => AreaKey::Delete,
        Key::Insert => AreaKey::Null,
        Key::Function(n) => AreaKey::F(n),
    };
    Input { key, ctrl: chord.mods.ctrl, alt: chord.mods.alt, shift: chord.mods.shift }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_stays_one_line() {
        let mut line = TextBox::new("ab", false);
        line.paste("c\nd\x1b[31m");
        assert_eq!(line.text(), "abc d␛[31m");
        assert!(!line.key(Chord::plain(Key::Enter)));
        line.key(Chord::plain(Key::Backspace));
        assert_eq!(line.text(), "abc d␛[31");
    }
}
