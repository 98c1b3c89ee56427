//! The keymap with its lines understood.

use super::book::Book;
use super::template::Template;
use crate::config::chord::{self, Chord};
use crate::config::keymap::{Context, Keymap};
use crate::config::{Notice, layers};

/// A row whose line was understood.
#[derive(Clone, Debug)]
pub struct Binding {
    /// Where it holds.
    pub context: Context,
    /// What is pressed.
    pub chords: Vec<Chord>,
    /// What it means.
    pub template: Template,
    /// The command's name.
    pub name: &'static str,
}

/// What pressing something means.
#[derive(Clone, Debug)]
pub enum Found<'a> {
    /// This.
    Binding(&'a Binding),
    /// More is to come.
    Prefix,
    /// Nothing.
    Nothing,
}

/// Every binding, and what the grammar knows.
#[derive(Debug)]
pub struct Keys {
    /// The chord that leaves a terminal.
    pub leave: Chord,
    /// Commands and verbs.
    pub book: Book,
    bindings: Vec<Binding>,
}

impl Keys {
    /// Understands a keymap. Rows that are wrong are left out and noted.
    pub fn new(map: &Keymap, notices: &mut Vec<Notice>) -> Self {
        let book = Book::new();
        let mut bindings = Vec::new();
        for row in &map.rows {
            match understand(&book, &row.line) {
                Ok((template, name)) => {
                    bindings.push(Binding {
                        context: row.context,
                        chords: row.chords.clone(),
                        template,
                        name,
                    });
                }
                Err(text) => notices.push(Notice {
                    file: row.file.clone(),
                    key: format!("{}.{}", row.context.as_str(), chord::spell(&row.chords)),
                    text,
                }),
            }
        }
        Self { leave: map.leave, book, bindings }
    }

    /// Every binding, in the order of the files.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// What chords mean: the rows of the nearest context first, then those that hold everywhere.
    pub fn find(&self, contexts: &[Context], chords: &[Chord]) -> Found<'_> {
        for context in contexts.iter().copied().chain([Context::Global]) {
            let exact = self.bindings.iter().find(|b| b.context == context && b.chords == chords);
            if let Some(binding) = exact {
                return Found::Binding(binding);
            }
            let longer = |b: &&Binding| b.context == context && b.chords.starts_with(chords);
            if self.bindings.iter().any(|b| longer(&b)) {
                return Found::Prefix;
            }
        }
        Found::Nothing
    }

    /// The chord that runs exactly this line somewhere, else one whose command has this name.
    pub fn chord_of(&self, line: &str) -> Option<String> {
        let exact = self.bindings.iter().find(|b| b.template.line == line);
        let named = || self.bindings.iter().find(|b| b.name == line);
        exact.or_else(named).map(|b| chord::spell(&b.chords))
    }

    /// Rows that hold in a pane and nowhere else, then those that hold everywhere.
    pub fn rows(&self, context: Context) -> impl Iterator<Item = &Binding> {
        self.bindings.iter().filter(move |b| b.context == context)
    }
}

fn understand(book: &Book, line: &str) -> Result<(Template, &'static str), String> {
    let template = Template::parse(line)?;
    let words = template.sample();
    let Some((spec, _)) = book.begins(&words) else {
        let two = words.iter().take(2).cloned().collect::<Vec<_>>().join(" ");
        let known = || book.specs().iter().map(|s| s.entry.name);
        let near = layers::nearest(&two, known()).or_else(|| layers::nearest(&words[0], known()));
        let near = near.map_or(String::new(), |n| format!("; did you mean `{n}`?"));
        return Err(format!("`{two}` is no command{near}"));
    };
    book.check(&words)?;
    Ok((template, spec.entry.name))
}
