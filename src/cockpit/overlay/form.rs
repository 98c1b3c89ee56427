//! The arguments of a command, one below the other.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{TextBox, Verdict, World, frame};
use crate::cockpit::book::{Arg, Spec};
use crate::cockpit::skin::Skin;
use crate::cockpit::text;
use crate::command::line;
use crate::config::chord::{Chord, Key};
use crate::config::theme::Role;

const LABEL: u16 = 16;

#[derive(Debug)]
struct Field {
    arg: Arg,
    input: TextBox,
    on: bool,
}

/// A command that is being filled in.
#[derive(Debug)]
pub struct Form {
    name: &'static str,
    about: String,
    fields: Vec<Field>,
    at: usize,
    error: Option<String>,
}

/// An argument that is a text of its own, and may be long.
fn is_prose(arg: &Arg) -> bool {
    ["text", "prompt", "note", "message"].contains(&arg.id.as_str())
}

impl Form {
    /// A form for a command with what is known already.
    pub fn new(spec: &Spec, known: &[(String, Vec<String>)]) -> Self {
        let mut fields: Vec<Field> = spec
            .args
            .iter()
            .map(|arg| {
                let value = known.iter().find(|(id, _)| *id == arg.id);
                let text = value.map_or(String::new(), |(_, values)| match values.as_slice() {
                    [one] => one.clone(),
                    many => line::join(many),
                });
                let on = value.is_some() && !arg.takes_value;
                Field { arg: arg.clone(), input: TextBox::new(&text, is_prose(arg)), on }
            })
            .collect();
        fields.sort_by_key(|f| !f.arg.required);
        let needed = fields.iter().position(|f| f.arg.required && f.input.text().is_empty());
        // Where nothing is needed, what people came for is to write something.
        let at = needed.or_else(|| fields.iter().position(|f| is_prose(&f.arg))).unwrap_or(0);
        Self { name: spec.entry.name, about: spec.about.clone(), fields, at, error: None }
    }

    /// The command line that it stands for.
    fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = self.name.split(' ').map(str::to_owned).collect();
        let mut last = Vec::new();
        let mut places = Vec::new();
        for field in &self.fields {
            let text = field.input.text();
            let text = text.trim();
            match &field.arg.long {
                Some(long) if !field.arg.takes_value => {
                    if field.on {
                        words.push(format!("--{long}"));
                    }
                }
                _ if text.is_empty() => {}
                // The value may begin with a dash.
                Some(long) => words.push(format!("--{long}={text}")),
                None => {
                    let values = match field.arg.many {
                        true => line::split(text).unwrap_or_else(|_| vec![text.to_owned()]),
                        false => vec![text.to_owned()],
                    };
                    if field.arg.last { last.extend(values) } else { places.extend(values) }
                }
            }
        }
        if places.iter().any(|p| p.starts_with('-')) || !last.is_empty() {
            // Options are over; what follows is taken as it is.
            if last.is_empty() {
                words.push("--".into());
                words.extend(places);
            } else {
                words.extend(places);
                words.push("--".into());
                words.extend(last);
            }
        } else {
            words.extend(places);
        }
        words
    }

    fn step(&mut self, by: isize) {
        let count = self.fields.len().max(1);
        self.at = (self.at + count).saturating_add_signed(by) % count;
    }

    pub(super) fn key(&mut self, chord: Chord, _world: World<'_>) -> Verdict {
        let many = self.fields.get(self.at).is_some_and(|f| is_prose(&f.arg));
        let last = self.at + 1 >= self.fields.iter().filter(|f| f.arg.required).count().max(1);
        match chord.key {
            Key::Escape => return Verdict::Close,
            Key::Tab if chord.mods.shift => self.step(-1),
            Key::Tab => self.step(1),
            Key::Up if !many => self.step(-1),
            Key::Down if !many => self.step(1),
            Key::Enter if !many || chord.mods.ctrl || chord.mods.alt => {
                let empty = |f: &Field| f.arg.required && f.input.text().trim().is_empty();
                if let Some(missing) = self.fields.iter().position(empty) {
                    self.error = (missing == self.at)
                        .then(|| format!("{} is needed", label(&self.fields[missing].arg)));
                    self.at = missing;
                } else if last || chord.mods.ctrl {
                    return self.submit();
                } else {
                    self.step(1);
                }
            }
            Key::Char('s') if chord.mods.ctrl => return self.submit(),
            _ => {
                self.error = None;
                if let Some(field) = self.fields.get_mut(self.at) {
                    if field.arg.takes_value {
                        field.input.key(chord);
                    } else if chord.text() == Some(' ') {
                        field.on = !field.on;
                    }
                }
            }
        }
        Verdict::Stay
    }

    fn submit(&mut self) -> Verdict {
        let words = self.words();
        match line::parse(&words) {
            Ok(_) => Verdict::Run(words),
            Err(refused) => {
                self.error = Some(refused.into_error().message);
                Verdict::Stay
            }
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Some(field) = self.fields.get_mut(self.at).filter(|f| f.arg.takes_value) {
            field.input.paste(text);
        }
    }

    pub(super) fn view(&self, skin: &Skin, screen: Rect, buf: &mut Buffer) {
        let rows: usize = self.fields.iter().map(height).sum();
        let size = (72, u16::try_from(rows + 4).unwrap_or(u16::MAX));
        let inner = frame(self.name, skin, screen, size, buf);
        let about = text::fit(&self.about, inner.width.into());
        text::put(buf, inner.x, inner.y, &about, skin.get(Role::Dim), inner.width);
        let list = Rect { y: inner.y + 2, height: inner.height.saturating_sub(4), ..inner };
        // Fields above are scrolled away when there are too many.
        let mut first = 0;
        while self
            .fields
            .get(first..=self.at)
            .is_some_and(|f| f.iter().map(height).sum::<usize>() > list.height.into())
            && first < self.at
        {
            first += 1;
        }
        let mut y = list.y;
        for (i, field) in self.fields.iter().enumerate().skip(first) {
            let rows = u16::try_from(height(field)).unwrap_or(1);
            if y + rows > list.bottom() {
                break;
            }
            let place = Rect { y, height: rows, ..list };
            self.field(field, i == self.at, skin, place, buf);
            y += rows;
        }
        let last = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
        let here = self.fields.get(self.at).map_or(String::new(), |f| f.arg.help.clone());
        let many = self.fields.get(self.at).is_some_and(|f| is_prose(&f.arg));
        let (foot, role) = match &self.error {
            Some(error) => (error.clone(), Role::Error),
            None if here.is_empty() => ("enter runs it, tab goes on, esc leaves".into(), Role::Hint),
            None if many => (format!("ctrl-s runs it. {here}"), Role::Hint),
            None => (here, Role::Hint),
        };
        let foot = text::fit(&text::clean(&foot), last.width.into());
        if last.y > list.y {
            text::put(buf, last.x, last.y, &foot, skin.get(role), last.width);
        }
    }

    fn field(&self, field: &Field, active: bool, skin: &Skin, place: Rect, buf: &mut Buffer) {
        let role = if active { Role::Key } else { Role::Dim };
        let star = if field.arg.required { " *" } else { "" };
        let name = text::fit(&label(&field.arg), usize::from(LABEL) - 3);
        text::put(buf, place.x, place.y, &format!("{name}{star}"), skin.get(role), place.width.min(LABEL));
        let value = Rect { x: place.x + LABEL, width: place.width.saturating_sub(LABEL), ..place };
        let plain = skin.get(Role::Text).patch(skin.get(Role::Overlay));
        if field.arg.takes_value {
            field.input.view(plain, active, value.intersection(buf.area), buf);
        } else {
            let sign = if field.on { "[x]" } else { "[ ]" };
            let style = if active { skin.get(Role::Selection) } else { plain };
            text::put(buf, value.x, value.y, sign, style, value.width);
        }
    }
}

fn label(arg: &Arg) -> String {
    arg.long.clone().unwrap_or_else(|| arg.value_name.to_lowercase())
}

fn height(field: &Field) -> usize {
    if is_prose(&field.arg) { field.input.height().clamp(3, 8) } else { 1 }
}
