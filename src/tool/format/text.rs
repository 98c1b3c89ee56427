//! Small texts out of large ones.

use unicode_segmentation::UnicodeSegmentation;

/// How long a title may be, in characters as people see them.
const TITLE: usize = 100;

/// The first line that says something, short enough for a list.
pub fn title(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let mut out = String::new();
    for (count, piece) in line.graphemes(true).enumerate() {
        if count == TITLE {
            out.push('…');
            break;
        }
        if piece.chars().any(char::is_control) {
            out.push(' ');
        } else {
            out.push_str(piece);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_title_is_one_short_line() {
        assert_eq!(super::title("\n  hello\u{1b}[1m you \nmore"), Some("hello [1m you".into()));
        assert_eq!(super::title(" \n\t"), None);
        assert_eq!(super::title(&"é".repeat(200)).map(|t| t.chars().count()), Some(101));
    }
}
