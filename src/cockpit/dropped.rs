//! Files that are dropped on the terminal: it pastes their names.

use crate::command::line;

/// The file that a terminal means by what it pastes when one is dropped on it: its absolute path alone,
/// perhaps in quotes, with backslashes, or as an address.
pub fn dropped(text: &str) -> Option<String> {
    let text = text.trim();
    if !text.contains('/') || text.lines().count() != 1 || text.len() > 4096 {
        return None;
    }
    let path = match text.strip_prefix("file://") {
        Some(rest) => percent(rest.strip_prefix("localhost").unwrap_or(rest))?,
        None => match line::split(text).ok()?.as_slice() {
            [one] => one.clone(),
            _ => return None,
        },
    };
    (path.starts_with('/') && std::path::Path::new(&path).is_file()).then_some(path)
}

/// Reads `%20` and the like.
fn percent(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        out.push(match byte {
            b'%' => u8::try_from(digit(bytes.next())? * 16 + digit(bytes.next())?).ok()?,
            byte => byte,
        });
    }
    String::from_utf8(out).ok()
}
