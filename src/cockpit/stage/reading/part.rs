//! Parts of a transcript as text.

use super::super::prose::{Joint, Row};
use super::Reading;
use crate::model::message::Block;

impl Reading {
    /// The rows of the loaded messages near what is read, as text, and which of them is read: for
    /// choosing from.
    pub fn plain(&mut self) -> (Vec<String>, usize, usize) {
        const AROUND: isize = 2_000;
        let (first, before) = self.moved(self.at, -AROUND);
        let to_top = {
            let (mut at, mut n) = (first, 0);
            while at < self.top
                && let Some(next) = self.next(at)
            {
                (at, n) = (next, n + 1);
            }
            n
        };
        let mut lines = Vec::new();
        let mut at = Some(first);
        while let Some(place) = at.filter(|_| lines.len() < AROUND.unsigned_abs() * 2) {
            lines.push(self.rows(place.entry).get(place.row).map(Row::text).unwrap_or_default());
            at = self.next(place);
        }
        (lines, before, to_top)
    }

    /// The message that is read, as it was written.
    pub fn message(&self) -> Option<String> {
        let said = &self.entries.get(self.at.entry)?.said;
        let text = |block: &Block| match block {
            Block::Text { text } | Block::Thinking { text, .. } | Block::Summary { text } => {
                Some(text.clone())
            }
            Block::ToolUse { name, input, tool_use_id } => {
                let result = self
                    .results
                    .get(tool_use_id)
                    .and_then(|(i, b)| self.entries.get(*i)?.said.blocks.get(*b));
                let output = match result {
                    Some(Block::ToolResult { content, .. }) => format!("\n{content}"),
                    _ => String::new(),
                };
                let input = serde_json::to_string_pretty(input).unwrap_or_default();
                Some(format!("{name} {input}{output}"))
            }
            Block::ToolResult { content, .. } => Some(content.clone()),
            Block::Image { .. } | Block::Other(_) => None,
        };
        let texts: Vec<String> = said.blocks.iter().filter_map(text).collect();
        (!texts.is_empty()).then(|| texts.join("\n\n"))
    }

    /// The piece of code that is read, or the next one of the same message.
    pub fn code(&mut self) -> Option<String> {
        let at = self.at;
        let is = |row: &Row| row.line.iter().any(|(text, _)| text == "▏ ");
        let rows = self.rows(at.entry);
        let mut from = at.row + rows.iter().skip(at.row).position(is)?;
        while from > 0 && rows.get(from - 1).is_some_and(is) {
            from -= 1;
        }
        let mut out = String::new();
        for (n, row) in rows.iter().skip(from).take_while(|row| is(row)).enumerate() {
            if n > 0 && row.joint == Joint::New {
                out.push('\n');
            }
            out.push_str(row.text().get(row.lead..).unwrap_or_default());
        }
        Some(out)
    }
}
