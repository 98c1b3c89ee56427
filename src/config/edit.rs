//! Changing one value of a TOML file of the user's, with everything else as it was.

use toml_edit::{DocumentMut, Item, Value};

use crate::error::{Error, Result};

/// The text with the value of a dotted key replaced or added; comments, order and blanks stay.
///
/// # Errors
/// `config` when the text is no TOML, or something on the way to the key is no table.
pub fn put(text: &str, key: &str, mut value: Value) -> Result<String> {
    let mut document: DocumentMut =
        text.parse().map_err(|e: toml_edit::TomlError| Error::config(e.message().to_owned()))?;
    let mut table = document.as_table_mut();
    let mut words: Vec<&str> = key.split('.').collect();
    let last = words.pop().unwrap_or_default();
    for word in words {
        let item = table.entry(word).or_insert_with(toml_edit::table);
        table = item.as_table_mut().ok_or_else(|| Error::config(format!("`{word}` is no table")))?;
    }
    if let Some(old) = table.get(last).and_then(Item::as_value) {
        // Blanks and a comment on the same line belong to the old value.
        *value.decor_mut() = old.decor().clone();
    }
    table[last] = Item::Value(value);
    Ok(document.to_string())
}

/// What a person typed: a number, a truth value or a list if it reads as one, else text.
pub fn literal(typed: &str) -> Value {
    match (typed.parse::<i64>(), typed.parse::<bool>()) {
        (Ok(number), _) => number.into(),
        (_, Ok(truth)) => truth.into(),
        _ if typed.starts_with('[') => typed.parse().unwrap_or_else(|_| typed.into()),
        _ => typed.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_other_values_stay() {
        let text = "# mine\njobs = 3 # few\n\n[ui]\ntheme = \"light\"\n";
        let new = put(text, "ssh.program", literal("/opt/ssh")).expect("edited");
        assert!(new.starts_with(text), "{new}");
        assert!(new.contains("[ssh]\nprogram = \"/opt/ssh\""), "{new}");
        assert_eq!(put(text, "jobs", literal("5")).expect("edited"), text.replace('3', "5"));
        let list = put(text, "capture.disabled", literal("[\"codex\"]")).expect("edited");
        assert!(list.contains("disabled = [\"codex\"]"), "{list}");
    }
}
