//! The arguments of a command, one below the other.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Choice, TextBox, Verdict, World, frame};
use crate::cockpit::book::{Arg, Kind, Spec};
use crate::cockpit::complete;
use crate::cockpit::skin::Skin;
use crate::cockpit::text;
use crate::command::line;
use crate::config::chord::{Chord, Key};
use crate::config::theme::Role;

const LABEL: u16 = 16;
/// Columns between the edges, where there is room.
const WIDTH: u16 = 72;

#[derive(Debug)]
struct Field {
    arg: Arg,
    input: TextBox,
    on: bool,
    /// What is wrong with what is typed so far.
    problem: Option<String>,
}

/// A command that is being filled in.
#[derive(Debug)]
pub struct Form {
    name: &'static str,
    about: String,
    fields: Vec<Field>,
    at: usize,
    error: Option<String>,
    /// What could stand in the field that is being filled.
    offers: Vec<Choice>,
    /// Whether the text is one of them, and not what was typed.
    taken: bool,
}

/// The most offers that are shown.
const OFFERS: usize = 8;

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
                Field { arg: arg.clone(), input: TextBox::new(&text, is_prose(arg)), on, problem: None }
            })
            .collect();
        fields.sort_by_key(|f| !f.arg.required);
        let needed = fields.iter().position(|f| f.arg.required && f.input.text().is_empty());
        // Where nothing is needed, what people came for is to write something.
        let at = needed.or_else(|| fields.iter().position(|f| is_prose(&f.arg))).unwrap_or(0);
        Self {
            name: spec.entry.name,
            about: spec.about.clone(),
            fields,
            at,
            error: None,
            offers: Vec::new(),
            taken: false,
        }
    }

    /// Looks at the field that is being filled: what could stand there, and what is wrong with it.
    pub fn attend(&mut self, world: World<'_>) {
        // One goes through the offers for what was typed.
        if !std::mem::take(&mut self.taken) {
            self.offers = self.fields.get(self.at).map_or_else(Vec::new, |f| offers(self.name, f, world));
        }
        let Some(field) = self.fields.get(self.at) else { return };
        let problem = self.judge(field, world);
        if let Some(field) = self.fields.get_mut(self.at) {
            field.problem = problem;
        }
    }

    /// What is wrong with a field: what the grammar says, else what the world does.
    fn judge(&self, field: &Field, world: World<'_>) -> Option<String> {
        let text = field.input.text();
        let text = text.trim();
        if text.is_empty() || !field.arg.takes_value {
            return None;
        }
        if let Err(refused) = line::parse(&self.words_of(std::slice::from_ref(field))) {
            let message = refused.into_error().message;
            // The other fields are not filled yet; they are looked at when they are.
            if !message.contains("required arguments were not provided") {
                return Some(message);
            }
        }
        let known = complete::choices(field.arg.kind, world.data);
        let is = |word: &str| known.iter().any(|choice| choice.label == word);
        let what = match field.arg.kind {
            Kind::Host => "host",
            Kind::Feature => "feature",
            Kind::Repo => "repository",
            Kind::Session | Kind::Transcript | Kind::Tool | Kind::Other => return None,
        };
        if makes(self.name, &field.arg) {
            return is(text).then(|| format!("there is a {what} of that name already"));
        }
        let lacks =
            text.split(',').map(str::trim).find(|word| !word.is_empty() && *word != "all" && !is(word));
        lacks.map(|word| format!("no {what} is called `{word}`"))
    }

    /// Puts an offer in the place of what is being typed.
    fn take(&mut self, offer: usize) {
        let Some(choice) = self.offers.get(offer) else { return };
        let Some(field) = self.fields.get_mut(self.at) else { return };
        let text = field.input.text();
        let before = if field.arg.many { text.rfind(',').map_or("", |at| &text[..=at]) } else { "" };
        field.input = TextBox::new(&format!("{before}{}", choice.label), is_prose(&field.arg));
        self.taken = true;
    }

    /// The command line that it stands for.
    fn words(&self) -> Vec<String> {
        self.words_of(&self.fields)
    }

    fn words_of(&self, fields: &[Field]) -> Vec<String> {
        let mut words: Vec<String> = self.name.split(' ').map(str::to_owned).collect();
        let mut last = Vec::new();
        let mut places = Vec::new();
        for field in fields {
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

    pub(super) fn key(&mut self, chord: Chord, world: World<'_>) -> Verdict {
        let verdict = self.press(chord);
        self.attend(world);
        verdict
    }

    /// The offer that what is typed would become: the first, unless it says one of them already.
    fn offered(&self) -> Option<usize> {
        let field = self.fields.get(self.at)?;
        let text = field.input.text();
        let word = typed(&text, field.arg.many);
        (!word.is_empty() && !self.offers.is_empty() && self.offers.iter().all(|o| o.label != word))
            .then_some(0)
    }

    /// Goes from offer to offer.
    fn turn(&mut self, by: isize) {
        let Some(field) = self.fields.get(self.at) else { return };
        let text = field.input.text();
        let at = self.offers.iter().position(|o| o.label == typed(&text, field.arg.many));
        let count = self.offers.len().max(1);
        let next = match at {
            Some(at) => (at + count).saturating_add_signed(by) % count,
            None if by < 0 => count - 1,
            None => 0,
        };
        self.take(next);
    }

    fn press(&mut self, chord: Chord) -> Verdict {
        let many = self.fields.get(self.at).is_some_and(|f| is_prose(&f.arg));
        match chord.key {
            Key::Escape => return Verdict::Close,
            Key::Tab if chord.mods.shift => self.step(-1),
            // What is begun is completed; what is whole is left.
            Key::Tab => match self.offered() {
                Some(offer) => self.take(offer),
                None => self.step(1),
            },
            Key::Char('n') if chord.mods.ctrl => self.turn(1),
            Key::Char('p') if chord.mods.ctrl => self.turn(-1),
            Key::Up if !many => self.step(-1),
            Key::Down if !many => self.step(1),
            Key::Enter if !many || chord.mods.ctrl || chord.mods.alt => {
                let empty = |f: &Field| f.arg.required && f.input.text().trim().is_empty();
                if let Some(missing) = self.fields.iter().position(empty) {
                    self.error = (missing == self.at)
                        .then(|| format!("{} is needed", label(&self.fields[missing].arg)));
                    self.at = missing;
                } else if self.is_last() || chord.mods.ctrl {
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

    /// What keys do here, for the status line.
    pub fn hints(&self) -> Vec<(String, String)> {
        let goes_on = self.fields.len() > 1;
        let completes = self.offered().is_some();
        let prose = self.fields.get(self.at).is_some_and(|f| is_prose(&f.arg));
        let switch = self.fields.get(self.at).is_some_and(|f| !f.arg.takes_value);
        let all = [
            (completes, "tab", "completes"),
            (goes_on && !completes && (prose || self.is_last()), "tab", "goes on"),
            (switch, "space", "switches"),
            (!self.offers.is_empty(), "ctrl-n", "next offer"),
            (!prose && !self.is_last(), "enter", "goes on"),
            (prose || !self.is_last(), "ctrl-s", "runs it"),
            (!prose && self.is_last(), "enter", "runs it"),
            (true, "esc", "leaves"),
        ];
        let shown = all.into_iter().filter(|(holds, ..)| *holds);
        shown.map(|(_, key, what)| (key.to_owned(), what.to_owned())).collect()
    }

    /// Whether Enter runs it: everything that is needed stands above, or is this.
    fn is_last(&self) -> bool {
        self.at + 1 >= self.fields.iter().filter(|f| f.arg.required).count().max(1)
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

    pub(super) fn paste(&mut self, text: &str, world: World<'_>) {
        if let Some(field) = self.fields.get_mut(self.at).filter(|f| f.arg.takes_value) {
            field.input.paste(text);
        }
        self.attend(world);
    }

    pub(super) fn view(&self, skin: &Skin, screen: Rect, buf: &mut Buffer) {
        let rows: usize = self.fields.iter().map(height).sum();
        let width = WIDTH.min(screen.width.saturating_sub(4));
        // On a low screen the fields come first.
        let most = if usize::from(screen.height) >= rows + 12 { 3 } else { 1 };
        let about = text::rows(&self.about, width.into(), most);
        let (above, below) = (u16::try_from(about.len()).unwrap_or(1) + 1, if most > 1 { 2 } else { 1 });
        let size = (WIDTH, u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(above + below + 2));
        let inner = frame(self.name, skin, screen, size, buf);
        for (y, row) in (inner.y..inner.bottom()).zip(&about) {
            text::put(buf, inner.x, y, row, skin.get(Role::Dim), inner.width);
        }
        let list =
            Rect { y: inner.y + above, height: inner.height.saturating_sub(above + below + 2), ..inner };
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
        let last = Rect { y: inner.bottom().saturating_sub(below), height: below, ..inner };
        self.offer(skin, Rect { y: last.y.saturating_sub(1), height: 1, ..last }, list.y, buf);
        let here = self.fields.get(self.at).map_or(String::new(), |f| f.arg.help.clone());
        let many = self.fields.get(self.at).is_some_and(|f| is_prose(&f.arg));
        let wrong = self.error.as_ref().or_else(|| self.fields.get(self.at)?.problem.as_ref());
        let (foot, role) = match wrong {
            Some(error) => (error.clone(), Role::Error),
            None if many => (format!("ctrl-s runs it. {here}"), Role::Hint),
            None => (here, Role::Hint),
        };
        let foot = text::rows(&text::clean(&foot), last.width.into(), below.into());
        for (y, row) in (last.y..last.bottom()).zip(&foot).filter(|(y, _)| *y > list.y) {
            text::put(buf, last.x, y, row, skin.get(role), last.width);
        }
    }

    /// What could stand in the field, the one that Tab takes first.
    fn offer(&self, skin: &Skin, place: Rect, top: u16, buf: &mut Buffer) {
        if place.y <= top || self.offers.is_empty() {
            return;
        }
        let tab = self.offered();
        let mut pieces = Vec::new();
        let mut room = usize::from(place.width);
        let hint = if tab.is_some() { "tab " } else { "ctrl-n " };
        for (n, offer) in self.offers.iter().enumerate() {
            let text = text::clean(&offer.label);
            let lead = if n == 0 { hint } else { "  " };
            let Some(left) = room.checked_sub(text::width(&text) + lead.len()) else { break };
            room = left;
            pieces.push((lead.to_owned(), skin.get(Role::Hint)));
            let role = if tab == Some(n) { Role::Key } else { Role::Dim };
            pieces.push((text, skin.get(role)));
        }
        text::put_line(buf, place, &pieces);
    }

    fn field(&self, field: &Field, active: bool, skin: &Skin, place: Rect, buf: &mut Buffer) {
        let role = match (&field.problem, active) {
            (Some(_), _) => Role::Error,
            (None, true) => Role::Key,
            (None, false) => Role::Dim,
        };
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

/// The word that is being typed: behind the last comma where there may be several.
fn typed(text: &str, many: bool) -> &str {
    let text = if many { text.rsplit(',').next().unwrap_or(text) } else { text };
    text.trim()
}

/// Whether the argument names what the command makes, and not what is there.
fn makes(command: &str, arg: &Arg) -> bool {
    arg.id == "name" && matches!(command, "host add" | "repo add" | "feature new")
}

/// What could stand in a field: what begins with what is typed, then what holds it.
fn offers(command: &str, field: &Field, world: World<'_>) -> Vec<Choice> {
    let arg = &field.arg;
    if !arg.takes_value || makes(command, arg) {
        return Vec::new();
    }
    let mut known = complete::choices(arg.kind, world.data);
    known.extend(arg.values.iter().map(|value| Choice::word(value, "")));
    if command == "host add" && arg.id == "target" {
        known.extend(world.aliases.iter().map(|alias| Choice::word(alias, "")));
    }
    let text = field.input.text();
    let word = typed(&text, arg.many).to_lowercase();
    let rank = |choice: &Choice| {
        let label = choice.label.to_lowercase();
        if label.starts_with(&word) { Some(0) } else { label.contains(&word).then_some(1) }
    };
    let mut found: Vec<(u8, Choice)> = known.into_iter().filter_map(|c| Some((rank(&c)?, c))).collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, choice)| choice).take(OFFERS).collect()
}

fn label(arg: &Arg) -> String {
    arg.long.clone().unwrap_or_else(|| arg.value_name.to_lowercase())
}

fn height(field: &Field) -> usize {
    if is_prose(&field.arg) { field.input.height().clamp(3, 8) } else { 1 }
}
