//! JSON on one line, for readers that split at more than LF.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

use crate::error::Result;

/// Writes U+0085, U+2028 and U+2029 as escapes: SessionFS's validator takes them for line ends.
/// (The others that it takes for such are below U+0020, which JSON escapes anyway.)
struct OneLine;

impl Formatter for OneLine {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // All three begin with `0xC2` at least, and most texts have no such byte.
        let largest = |bytes: &[u8]| bytes.iter().fold(0, |max: u8, byte| max.max(*byte));
        if fragment.as_bytes().chunks(256).all(|bytes| largest(bytes) < 0xC2) {
            return CompactFormatter.write_string_fragment(writer, fragment);
        }
        let mut rest = fragment;
        while let Some(at) = rest.find(['\u{85}', '\u{2028}', '\u{2029}']) {
            let (before, from) = rest.split_at(at);
            let mut chars = from.chars();
            let found = chars.next().map_or(0, u32::from);
            CompactFormatter.write_string_fragment(writer, before)?;
            write!(writer, "\\u{found:04x}")?;
            rest = chars.as_str();
        }
        CompactFormatter.write_string_fragment(writer, rest)
    }
}

/// Appends a value and a line end.
pub fn line(value: &impl Serialize, out: &mut Vec<u8>) -> Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, OneLine))?;
    out.push(b'\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_looks_like_a_line_end() {
        let mut out = Vec::new();
        line(&"a\u{2028}b\u{2029}\u{85}\u{b}\u{1e}é", &mut out).expect("written");
        let text = String::from_utf8(out).expect("UTF-8");
        assert_eq!(text, "\"a\\u2028b\\u2029\\u0085\\u000b\\u001eé\"\n");
    }

    proptest! {
        #[test]
        fn any_text_survives(text in "\\PC*|[\u{80}-\u{90}\u{2020}-\u{2030}\u{0}-\u{20}]*") {
            let mut out = Vec::new();
            line(&text, &mut out).expect("written");
            prop_assert_eq!(serde_json::from_slice::<String>(&out).expect("JSON"), text);
        }
    }
}
