//! TOML in layers: a leaf replaces a leaf, a table is merged into a table, and every leaf knows
//! where it came from.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use crate::error::{Error, Result};
use crate::sys::files;

/// Something that is wrong in a file of the user's, and what is done instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The file.
    pub file: String,
    /// The key, dotted; empty when the file as a whole is broken.
    pub key: String,
    /// What is wrong, in words.
    pub text: String,
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: {}", self.file, self.text),
            key => write!(f, "{}: `{key}`: {}", self.file, self.text),
        }
    }
}

/// The leaves of a table by dotted key. Arrays are leaves.
pub fn leaves(table: &Table) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    collect(table, "", &mut found);
    found
}

fn collect(table: &Table, prefix: &str, found: &mut BTreeMap<String, Value>) {
    for (key, value) in table {
        let dotted = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Table(inner) => collect(inner, &dotted, found),
            leaf => {
                found.insert(dotted, leaf.clone());
            }
        }
    }
}

/// Puts a leaf at a dotted key; tables on the way are made. A leaf on the way is replaced.
pub fn put(table: &mut Table, dotted: &str, value: Value) {
    match dotted.split_once('.') {
        None => {
            table.insert(dotted.to_owned(), value);
        }
        Some((head, rest)) => {
            let inner = table.entry(head.to_owned()).or_insert_with(|| Value::Table(Table::new()));
            if !inner.is_table() {
                *inner = Value::Table(Table::new());
            }
            if let Some(inner) = inner.as_table_mut() {
                put(inner, rest, value);
            }
        }
    }
}

/// Reads a TOML file of the user's; `None` when there is none.
///
/// # Errors
/// `config` with file, line and column when it is not TOML.
pub fn read(path: &Path) -> Result<Option<Table>> {
    let Some(bytes) = files::read_if_any(path)? else { return Ok(None) };
    let text =
        String::from_utf8(bytes).map_err(|_| Error::config(format!("{}: not UTF-8", path.display())))?;
    text.parse::<Table>().map(Some).map_err(|e| {
        let place = e.span().map_or(String::new(), |span| {
            let before = &text[..span.start.min(text.len())];
            format!(":{}", before.matches('\n').count() + 1)
        });
        Error::config(format!("{}{place}: {}", path.display(), e.message()))
    })
}

/// The known word that is nearest to a misspelt one, if any is near.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = word.len() / 2 + 1;
    known.into_iter().map(|k| (distance(word, k), k)).filter(|(d, _)| *d <= limit).min().map(|(_, k)| k)
}

/// Levenshtein distance over bytes: single rows suffice, words are short.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let cost = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_and_put_are_inverse() {
        let table: Table = "a = 1\n[b]\nc = [1, 2]\n[b.d]\ne = \"x\"".parse().expect("valid");
        let mut again = Table::new();
        for (key, value) in leaves(&table) {
            put(&mut again, &key, value);
        }
        assert_eq!(again, table);
    }

    #[test]
    fn a_typo_finds_its_neighbour() {
        assert_eq!(nearest("conect_timeout", ["program", "connect_timeout"]), Some("connect_timeout"));
        assert_eq!(nearest("zzzz", ["program", "connect_timeout"]), None);
    }
}
