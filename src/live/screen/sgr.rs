//! Colours and attributes in spellings that the emulator does not read, put into ones that it does.

/// Rewrites the parameters of an SGR sequence (the bytes between `ESC [` and `m`); `None` when they
/// can stay as they are, which is nearly always.
///
/// The emulator ignores `38:2:<space>:r:g:b`, takes `4:3` for nothing, and reads the numbers after
/// `58` (underline colour) as attributes of their own.
pub(super) fn rewrite(params: &[u8]) -> Option<Vec<u8>> {
    let odd = params.contains(&b':') || params.windows(2).any(|w| w == b"58");
    if !odd {
        return None;
    }
    let text = std::str::from_utf8(params).ok()?;
    let mut out: Vec<String> = Vec::new();
    let mut fields = text.split(';');
    while let Some(field) = fields.next() {
        let parts: Vec<&str> = field.split(':').collect();
        match parts.as_slice() {
            ["58"] => skip_color(&mut fields),
            ["58", ..] => {}
            ["38" | "48"] => {
                // The classic form: its numbers belong to it, whatever they are.
                out.push(field.to_owned());
                let kind = fields.next().unwrap_or_default();
                let more = match kind {
                    "2" => 3,
                    "5" => 1,
                    _ => 0,
                };
                out.push(kind.to_owned());
                out.extend(fields.by_ref().take(more).map(str::to_owned));
            }
            [layer @ ("38" | "48"), "2", _, r, g, b, ..] | [layer @ ("38" | "48"), "2", r, g, b] => {
                out.push(format!("{layer};2;{};{};{}", zero(r), zero(g), zero(b)));
            }
            [layer @ ("38" | "48"), "5", index, ..] => out.push(format!("{layer};5;{}", zero(index))),
            ["4", "0"] => out.push("24".into()),
            ["4", ..] => out.push("4".into()),
            [plain] => out.push((*plain).to_owned()),
            _ => {}
        }
    }
    // An empty list would mean "reset", which nobody asked for; CAN does nothing.
    Some(if out.is_empty() { b"\x18".to_vec() } else { format!("\x1b[{}m", out.join(";")).into_bytes() })
}

fn skip_color<'a>(fields: &mut impl Iterator<Item = &'a str>) {
    let more = match fields.next() {
        Some("2") => 3,
        Some("5") => 1,
        _ => 0,
    };
    fields.take(more).for_each(drop);
}

fn zero(number: &str) -> &str {
    if number.is_empty() { "0" } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_spellings_become_plain_ones() {
        for (given, wanted) in [
            ("38:2::1:2:3", "\x1b[38;2;1;2;3m"),
            ("48:2:1:2:3;1", "\x1b[48;2;1;2;3;1m"),
            ("58;5;1", "\x18"),
            ("4:3;58;2;1;1;1;31", "\x1b[4;31m"),
            ("4:0", "\x1b[24m"),
            ("38;5;58", "\x1b[38;5;58m"),
            ("1;58:5:7", "\x1b[1m"),
        ] {
            let got = rewrite(given.as_bytes()).expect(given);
            assert_eq!(String::from_utf8_lossy(&got), wanted, "{given}");
        }
        assert_eq!(rewrite(b"1;38;2;1;2;3"), None);
    }
}
