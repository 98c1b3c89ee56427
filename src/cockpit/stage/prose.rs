//! Text of people and models: wrapped, with as much of Markdown as a terminal can show.

use unicode_segmentation::UnicodeSegmentation;

use super::Line;
use crate::cockpit::text;
use crate::config::theme::Role;

/// Wraps a text; code stays as it is but for its width.
pub fn prose(source: &str, width: usize, base: Role) -> Vec<Line> {
    let width = width.max(4);
    let mut lines = Vec::new();
    let mut code = false;
    for raw in source.lines() {
        let trimmed = raw.trim_start();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            code = !code;
            continue;
        }
        if code {
            lines.extend(hard(raw, width, "  ", Role::Code));
            continue;
        }
        let depth = raw.len() - trimmed.len();
        let indent = " ".repeat(depth.min(width / 4));
        let heading = trimmed.trim_start_matches('#');
        if heading.len() < trimmed.len() && heading.starts_with(' ') {
            lines.extend(wrap(vec![(heading.trim().to_owned(), Role::Heading)], width, "", ""));
        } else if let Some((bullet, rest)) = bullet(trimmed) {
            let first = format!("{indent}{bullet} ");
            let hang = " ".repeat(text::width(&first));
            lines.extend(wrap(inline(rest, base), width, &first, &hang));
        } else if let Some(rest) = trimmed.strip_prefix('>') {
            lines.extend(wrap(inline(rest.trim_start(), Role::Dim), width, "│ ", "│ "));
        } else if trimmed.is_empty() {
            lines.push(Vec::new());
        } else {
            lines.extend(wrap(inline(trimmed, base), width, &indent, &indent));
        }
    }
    lines
}

/// The sign of a list item, and what follows it.
fn bullet(line: &str) -> Option<(String, &str)> {
    for sign in ["- ", "* ", "+ "] {
        if let Some(rest) = line.strip_prefix(sign) {
            return Some(("•".into(), rest));
        }
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = line.get(digits..)?;
    let after = rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") "))?;
    (1..=3).contains(&digits).then(|| (format!("{}.", &line[..digits]), after))
}

/// `code` and **bold** inside of a line. A sign that is not closed is a sign.
fn inline(source: &str, base: Role) -> Line {
    let mut line = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['`', '*']) {
        let (before, from) = rest.split_at(at);
        let sign = if from.starts_with("**") { "**" } else { &from[..1] };
        let inner = &from[sign.len()..];
        let role = match sign {
            "`" => Role::Code,
            "**" => Role::Heading,
            _ => base,
        };
        let end = inner.find(sign).filter(|end| *end > 0 && sign != "*");
        let (plain, marked, after) = match end {
            Some(end) => (before, &inner[..end], &inner[end + sign.len()..]),
            None => (&rest[..at + sign.len()], "", inner),
        };
        line.push((plain.to_owned(), base));
        line.push((marked.to_owned(), role));
        rest = after;
    }
    line.push((rest.to_owned(), base));
    line.retain(|(text, _)| !text.is_empty());
    line
}

/// Breaks pieces between words, and words that are longer than a line between graphemes.
pub fn wrap(pieces: Line, width: usize, first: &str, hang: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line: Line = vec![(first.to_owned(), Role::Dim)];
    let mut used = text::width(first);
    let mut fresh = true;
    let next = |line: &mut Line, used: &mut usize, lines: &mut Vec<Line>| {
        lines.push(std::mem::replace(line, vec![(hang.to_owned(), Role::Dim)]));
        *used = text::width(hang);
    };
    for (source, role) in pieces {
        let cleaned = text::clean(&source);
        for word in cleaned.split_word_bounds() {
            let mut w = text::width(word);
            let blank = word.trim().is_empty();
            if used + w > width && !fresh {
                next(&mut line, &mut used, &mut lines);
                fresh = true;
            }
            if blank && fresh && !lines.is_empty() {
                continue;
            }
            if used + w > width {
                // Longer than a whole line.
                for grapheme in word.graphemes(true) {
                    w = text::width(grapheme);
                    if used + w > width && used > text::width(hang) {
                        next(&mut line, &mut used, &mut lines);
                    }
                    push(&mut line, grapheme, role);
                    used += w;
                }
                fresh = false;
                continue;
            }
            push(&mut line, word, role);
            used += w;
            fresh = false;
        }
    }
    lines.push(line);
    lines
}

fn push(line: &mut Line, text: &str, role: Role) {
    match line.last_mut() {
        Some((last, same)) if *same == role => last.push_str(text),
        _ => line.push((text.to_owned(), role)),
    }
}

/// Breaks a line wherever it is full; blanks stay.
pub fn hard(source: &str, width: usize, indent: &str, role: Role) -> Vec<Line> {
    let room = width.saturating_sub(text::width(indent)).max(1);
    let source = text::clean(&source.replace('\t', "    "));
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for grapheme in source.graphemes(true) {
        let w = text::width(grapheme);
        if used + w > room && used > 0 {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        line.push_str(grapheme);
        used += w;
    }
    lines.push(line);
    lines.into_iter().map(|line| vec![(indent.to_owned(), Role::Dim), (line, role)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(lines: &[Line]) -> Vec<String> {
        lines.iter().map(|line| line.iter().map(|(t, _)| t.as_str()).collect()).collect()
    }

    #[test]
    fn text_is_wrapped_between_words() {
        let lines =
            prose("The quick brown fox\n\n- jumps over the dog\n\n```\nlet  x = 1;\n```", 12, Role::Text);
        assert_eq!(
            plain(&lines),
            ["The quick ", "brown fox", "", "• jumps over", "  the dog", "", "  let  x = 1", "  ;"]
        );
    }

    #[test]
    fn marks_that_are_not_closed_are_text() {
        let line = inline("a `b` **c** 2*3 `d", Role::Text);
        let code: Vec<&str> =
            line.iter().filter(|(_, r)| *r == Role::Code).map(|(t, _)| t.as_str()).collect();
        assert_eq!(code, ["b"]);
        let all: String = line.iter().map(|(t, _)| t.as_str()).collect();
        assert_eq!(all, "a b c 2*3 `d");
    }

    #[test]
    fn no_line_is_too_wide() {
        for width in 4..20 {
            let source = "漢字漢字漢字漢字 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa \u{1b}[31m **x";
            for line in prose(source, width, Role::Text) {
                let line: String = line.iter().map(|(t, _)| t.as_str()).collect();
                assert!(text::width(line.trim_end()) <= width, "{width} {line:?}");
            }
        }
    }
}
