//! Markdown in rows: headings, lists in lists, tables, quotes, links, code.
//!
//! What people typed is shown as they typed it ([`typed`]): in a prompt, `__init__` and `2*3*4` are
//! no emphasis.

use std::sync::Arc;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::Line;
use super::prose::{Row, columns, flow, hard, push};
use super::table;
use crate::cockpit::syntax::Colours;
use crate::cockpit::text;
use crate::config::theme::Role;

/// Texts longer than this many bytes are shown as they were typed.
const LONGEST: usize = 256 * 1024;

/// Gives the colours of a piece of code, if they are known: language, text.
pub type Painter<'a> = &'a mut dyn FnMut(&str, &str) -> Option<Arc<Colours>>;

/// Lays out what a model wrote.
pub fn markdown(source: &str, width: usize, base: Role, painter: Painter<'_>) -> Vec<Row> {
    if source.len() > LONGEST {
        return typed(source, width, base, painter);
    }
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut writer = Writer { source, width, base, ..Writer::new(painter) };
    for (event, range) in Parser::new_ext(source, options).into_offset_iter() {
        writer.take(event, range.start);
    }
    writer.flush();
    writer.rows
}

/// Lays out what a person typed: every character, with colours where there are fences.
pub fn typed(source: &str, width: usize, base: Role, painter: Painter<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut lines = source.lines();
    while let Some(raw) = lines.next() {
        let body = raw.trim_start();
        if let Some(lang) = body.strip_prefix("```") {
            let mut code = String::new();
            for line in lines.by_ref().take_while(|line| !line.trim_start().starts_with("```")) {
                code.push_str(line);
                code.push('\n');
            }
            rows.extend(code_rows(&code, lang, width, &Line::new(), painter));
            continue;
        }
        let depth = raw.len() - body.len();
        let bullet = body.strip_prefix(['-', '*', '+']).is_some_and(|rest| rest.starts_with(' '));
        let digits = body.bytes().take_while(u8::is_ascii_digit).count();
        let number = (1..4).contains(&digits) && body[digits..].starts_with(". ");
        let hang = depth
            + if bullet {
                2
            } else if number {
                digits + 2
            } else {
                0
            };
        let blank = |n: usize| vec![(" ".repeat(n.min(width / 3)), base)];
        rows.extend(flow(&[(body.to_owned(), base)], width, &blank(depth), &blank(hang)));
    }
    rows
}

/// Code behind a bar.
pub fn code_rows(code: &str, lang: &str, width: usize, prefix: &Line, painter: Painter<'_>) -> Vec<Row> {
    let code = code.strip_suffix('\n').unwrap_or(code);
    let colours = painter(lang, code);
    let mut prefix = prefix.clone();
    prefix.push(("▏ ".into(), Role::Border));
    let mut rows = Vec::new();
    for (i, line) in code.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let runs = colours.as_ref().and_then(|c| c.lines.get(i)).map_or(&[][..], Vec::as_slice);
        rows.extend(hard(&colored(line, runs), width, &prefix));
    }
    rows
}

/// A line in pieces as long as the runs say; what they leave over is plain.
fn colored(line: &str, runs: &[(usize, Role)]) -> Line {
    let mut pieces = Line::new();
    let mut at = 0;
    for (length, role) in runs {
        let Some(piece) = line.get(at..(at + length).min(line.len())) else { break };
        push(&mut pieces, piece, *role);
        at += piece.len();
    }
    if let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty() || pieces.is_empty()) {
        push(&mut pieces, rest, Role::Syntax);
    }
    pieces
}

/// What stands in front of the rows of a block: its first one, and the others.
struct Prefix {
    first: Line,
    hang: Line,
    used: bool,
}

struct Writer<'a> {
    source: &'a str,
    width: usize,
    base: Role,
    painter: Painter<'a>,
    rows: Vec<Row>,
    prefixes: Vec<Prefix>,
    /// The lines of the paragraph that is being read.
    inline: Vec<Line>,
    styles: Vec<Role>,
    lists: Vec<Option<u64>>,
    /// Whether a blank row is due before the next block.
    gap: bool,
    code: Option<(String, String)>,
    links: Vec<(String, usize)>,
    table: Option<Vec<Vec<Line>>>,
}

impl<'a> Writer<'a> {
    fn new(painter: Painter<'a>) -> Self {
        Self {
            source: "",
            width: 0,
            base: Role::Text,
            painter,
            rows: Vec::new(),
            prefixes: Vec::new(),
            inline: Vec::new(),
            styles: Vec::new(),
            lists: Vec::new(),
            gap: false,
            code: None,
            links: Vec::new(),
            table: None,
        }
    }

    fn role(&self) -> Role {
        self.styles.last().copied().unwrap_or(self.base)
    }

    fn say(&mut self, text: &str, role: Role) {
        if self.inline.is_empty() {
            self.inline.push(Line::new());
        }
        if let Some(line) = self.inline.last_mut() {
            push(line, text, role);
        }
    }

    /// Prefixes of the next row and of those behind it.
    fn fronts(&mut self) -> (Line, Line) {
        let (mut first, mut hang) = (Line::new(), Line::new());
        for prefix in &mut self.prefixes {
            first.extend(if prefix.used { &prefix.hang } else { &prefix.first }.iter().cloned());
            hang.extend(prefix.hang.iter().cloned());
            prefix.used = true;
        }
        // Deep in lists of lists the text still needs a place.
        let room = self.width.saturating_sub(self.width.min(12));
        if columns(&hang) > room {
            (first, hang) = (Line::new(), Line::new());
        }
        (first, hang)
    }

    fn gap(&mut self) {
        if std::mem::take(&mut self.gap) && !self.rows.is_empty() {
            let bars = self.prefixes.iter().filter(|p| p.used).flat_map(|p| p.hang.iter().cloned()).collect();
            self.rows.push(Row::new(bars));
        }
    }

    /// Writes the paragraph that was read.
    fn flush(&mut self) {
        if self.inline.iter().all(Vec::is_empty) {
            self.inline.clear();
            return;
        }
        self.gap();
        for line in std::mem::take(&mut self.inline) {
            let (first, hang) = self.fronts();
            self.rows.extend(flow(&line, self.width, &first, &hang));
        }
    }

    fn take(&mut self, event: Event<'_>, at: usize) {
        match event {
            Event::Start(tag) => self.start(tag, at),
            Event::End(tag) => self.end(tag, at),
            Event::Text(text) => match &mut self.code {
                Some((_, code)) => code.push_str(&text),
                None => {
                    let role = self.role();
                    self.say(&text, role);
                }
            },
            Event::Code(text) => self.say(&text, Role::Code),
            Event::InlineHtml(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                let role = self.role();
                self.say(&text, role);
            }
            Event::Html(text) => {
                self.gap();
                for line in text.lines() {
                    let (first, _) = self.fronts();
                    self.rows.extend(hard(&[(line.to_owned(), Role::Dim)], self.width, &first));
                }
            }
            Event::FootnoteReference(text) => self.say(&format!("[^{text}]"), Role::Dim),
            Event::SoftBreak | Event::HardBreak => self.inline.push(Line::new()),
            Event::Rule => {
                self.gap();
                let (mut first, _) = self.fronts();
                let room = self.width.saturating_sub(columns(&first)).min(60);
                first.push(("─".repeat(room), Role::Border));
                self.rows.push(Row { lead: super::prose::bytes(&first), ..Row::new(first) });
                self.gap = true;
            }
            Event::TaskListMarker(done) => self.say(if done { "[x] " } else { "[ ] " }, Role::Dim),
        }
    }

    /// The sign of an emphasis by `_`, which is more often part of a name.
    fn underscores(&mut self, at: usize, sign: &'static str) {
        if self.source.get(at..).is_some_and(|s| s.starts_with('_')) {
            let role = self.role();
            self.say(sign, role);
        }
    }

    fn start(&mut self, tag: Tag<'_>, at: usize) {
        match tag {
            Tag::Heading { level, .. } => {
                self.flush();
                self.gap |= !self.rows.is_empty();
                self.styles.push(Role::Heading);
                if level as usize > 2 {
                    let signs = "#".repeat(level as usize);
                    self.say(&format!("{signs} "), Role::Dim);
                }
            }
            Tag::BlockQuote(_) => {
                self.flush();
                self.gap();
                let bar: Line = vec![("│ ".into(), Role::Border)];
                self.prefixes.push(Prefix { first: bar.clone(), hang: bar, used: false });
                self.styles.push(Role::Quote);
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                let lang = match kind {
                    CodeBlockKind::Fenced(lang) => lang.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((lang, String::new()));
            }
            Tag::List(from) => {
                self.flush();
                self.gap();
                self.lists.push(from);
            }
            Tag::Item => {
                self.flush();
                let depth = self.lists.len();
                let sign = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => format!("{} ", ["•", "◦", "▪"][(depth.max(1) - 1) % 3]),
                };
                let hang = vec![(" ".repeat(text::width(&sign)), Role::Dim)];
                self.prefixes.push(Prefix { first: vec![(sign, Role::Dim)], hang, used: false });
            }
            Tag::Table(_) => {
                self.flush();
                self.table = Some(Vec::new());
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(rows) = &mut self.table {
                    rows.push(Vec::new());
                }
            }
            Tag::Emphasis => {
                self.styles.push(if self.role() == Role::Strong { Role::Strong } else { Role::Emphasis });
                self.underscores(at, "_");
            }
            Tag::Strong => {
                self.styles.push(Role::Strong);
                self.underscores(at, "__");
            }
            Tag::Strikethrough => {
                self.styles.push(Role::Dim);
                self.say("~", Role::Dim);
            }
            Tag::Link { dest_url, .. } => {
                self.links.push((dest_url.to_string(), self.said()));
                self.styles.push(Role::Link);
            }
            Tag::Image { dest_url, .. } => {
                self.links.push((dest_url.to_string(), self.said()));
                self.styles.push(Role::Image);
                self.say("▣ ", Role::Image);
            }
            _ => {}
        }
    }

    /// Bytes of the paragraph so far.
    fn said(&self) -> usize {
        self.inline.iter().map(|line| super::prose::bytes(line)).sum()
    }

    fn end(&mut self, tag: TagEnd, at: usize) {
        match tag {
            TagEnd::Paragraph => {
                self.flush();
                self.gap = true;
            }
            TagEnd::Heading(_) => {
                self.flush();
                self.styles.pop();
                self.gap = true;
            }
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.styles.pop();
                self.prefixes.pop();
                self.gap = true;
            }
            TagEnd::CodeBlock => {
                self.gap();
                if let Some((lang, code)) = self.code.take() {
                    let (_, hang) = self.fronts();
                    self.rows.extend(code_rows(&code, &lang, self.width, &hang, self.painter));
                }
                self.gap = true;
            }
            TagEnd::List(_) => {
                self.lists.pop();
                self.gap = self.lists.is_empty();
            }
            TagEnd::Item => {
                self.flush();
                // An item without a word still shows its sign.
                if self.prefixes.last().is_some_and(|p| !p.used) {
                    let (first, _) = self.fronts();
                    self.rows.push(Row::new(first));
                }
                self.prefixes.pop();
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.inline).into_iter().flatten().collect();
                if let Some(row) = self.table.as_mut().and_then(|rows| rows.last_mut()) {
                    row.push(cell);
                }
            }
            TagEnd::Table => {
                self.gap();
                let (_, hang) = self.fronts();
                if let Some(rows) = self.table.take() {
                    self.rows.extend(table::rows(&rows, self.width, &hang));
                }
                self.gap = true;
            }
            TagEnd::Emphasis => {
                self.underscores(at, "_");
                self.styles.pop();
            }
            TagEnd::Strong => {
                self.underscores(at, "__");
                self.styles.pop();
            }
            TagEnd::Strikethrough => {
                self.say("~", Role::Dim);
                self.styles.pop();
            }
            TagEnd::Link | TagEnd::Image => {
                self.styles.pop();
                if let Some((address, from)) = self.links.pop() {
                    let all: String = self.inline.iter().flatten().map(|(t, _)| t.as_str()).collect();
                    let shown = all.get(from..).unwrap_or_default();
                    // An address that is its own text, or a part of it, is not said twice.
                    let name = address.rsplit('/').next().unwrap_or_default();
                    let known = shown.contains(&address) || !name.is_empty() && shown.ends_with(name);
                    if !known && !address.starts_with('#') {
                        self.say(&format!(" ({address})"), Role::Dim);
                    }
                }
            }
            TagEnd::HtmlBlock => self.gap = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str, width: usize) -> Vec<String> {
        let rows = markdown(source, width, Role::Text, &mut |_, _| None);
        rows.iter().map(|row| row.text().trim_end().to_owned()).collect()
    }

    #[test]
    fn lists_lie_in_lists_and_keep_their_signs() {
        let source = "Do:\n\n1. one thing that is long\n   - inner `code`\n   - [ ] open\n2. two\n\nDone.";
        assert_eq!(
            texts(source, 20),
            [
                "Do:",
                "",
                "1. one thing that is",
                "   long",
                "   ◦ inner code",
                "   ◦ [ ] open",
                "2. two",
                "",
                "Done."
            ]
        );
    }

    #[test]
    fn names_keep_their_underscores() {
        assert_eq!(texts("The __init__ and _x_ of **all** `a_b`", 60), ["The __init__ and _x_ of all a_b"]);
    }

    #[test]
    fn quotes_code_and_rules() {
        let source =
            "> said\n> twice\n\n```rust\nlet  x;\n\ny\n```\n\n---\n[text](https://example.org/a) <b>";
        assert_eq!(
            texts(source, 40),
            [
                "│ said",
                "│ twice",
                "",
                "▏ let  x;",
                "▏",
                "▏ y",
                "",
                &"─".repeat(40),
                "",
                "text (https://example.org/a) <b>"
            ]
        );
    }

    #[test]
    fn what_was_typed_is_shown() {
        let rows = typed("__a__ 2*3*4\n- b\n```py\nx = 1\n```\n# c", 40, Role::Text, &mut |_, _| None);
        let texts: Vec<String> = rows.iter().map(Row::text).collect();
        assert_eq!(texts, ["__a__ 2*3*4", "- b", "▏ x = 1", "# c"]);
    }

    #[test]
    fn colours_are_laid_over_code() {
        let colours = Arc::new(Colours { lines: vec![vec![(3, Role::SyntaxKeyword)]] });
        let rows = markdown("```rs\nlet x\n```", 40, Role::Text, &mut |_, _| Some(colours.clone()));
        assert_eq!(rows[0].line[1..], [("let".into(), Role::SyntaxKeyword), (" x".into(), Role::Syntax)]);
    }

    #[test]
    fn nothing_is_too_wide_whatever_it_is() {
        let deep = (0..30).map(|n| format!("{}- x **y\n", "  ".repeat(n))).collect::<String>();
        let table = "| a | b |\n|---|---|\n| 漢字漢字 | looooooooooooooong |\n";
        for width in 4..30 {
            for source in
                [deep.as_str(), table, "> > > > > > > > quoted `code code`", "####### x\n<div>\n&amp;"]
            {
                for row in markdown(source, width, Role::Text, &mut |_, _| None) {
                    assert!(text::width(row.text().trim_end()) <= width.max(12), "{width} {row:?}");
                }
            }
        }
    }
}
