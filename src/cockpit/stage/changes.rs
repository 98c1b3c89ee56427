//! What is different in a worktree, to be read: the files of each kind with their counts, then file by
//! file the lines, numbered and in the colours of their language. Laid out once for a width, not for
//! every frame: a difference may have a megabyte.

use std::collections::HashMap;

use serde_json::Value;

use super::Line;
use super::prose::hard;
use crate::cockpit::syntax::Colours;
use crate::cockpit::text;
use crate::config::theme::Role;

/// Kinds in the order in which they become permanent, with their headings.
const KINDS: [(&str, &str); 3] =
    [("committed", "Committed since the base"), ("staged", "Staged"), ("unstaged", "Not staged")];
/// Bytes that are given colours; what is beyond them is plain.
const PAINTED: usize = 512 * 1024;

/// A line of a hunk.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Changed {
    /// `+`, `-` or a blank.
    sign: char,
    text: String,
    /// Its number in the new file, or, when it is gone, in the old one.
    number: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hunk {
    head: String,
    lines: Vec<Changed>,
}

/// A file of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    kind: usize,
    summary: Line,
    /// The extension, or the whole name: what its language is known by.
    lang: String,
    hunks: Vec<Hunk>,
    /// What git says in place of lines: a binary file, another mode.
    notes: Vec<String>,
    truncated: bool,
}

/// The differences of a worktree on the stage.
#[derive(Debug)]
pub struct Changes {
    head: Line,
    untracked: Vec<String>,
    files: Vec<File>,
    /// By file, hunk and side (0 old, 1 new).
    colours: HashMap<u64, Colours>,
    width: usize,
    rows: Vec<Line>,
    /// The row of the heading of each file.
    starts: Vec<usize>,
}

const fn key(file: usize, hunk: usize, side: usize) -> u64 {
    ((file as u64) << 32) | ((hunk as u64) << 1) | side as u64
}

impl Changes {
    /// Takes in the result of `worktree diff`.
    pub fn new(result: &Value, width: usize) -> Self {
        let word = |key: &str| text::clean(result[key].as_str().unwrap_or_default());
        let head = vec![
            (word("branch"), Role::Feature),
            (format!("  against {}", word("base")), Role::Dim),
            (format!("  {}", word("path")), Role::Dim),
        ];
        let untracked = result["untracked"].as_array().into_iter().flatten();
        let untracked = untracked.map(|file| text::clean(file.as_str().unwrap_or_default())).collect();
        let files = (0..KINDS.len()).flat_map(|kind| files(kind, &result[KINDS[kind].0])).collect();
        let mut changes = Self {
            head,
            untracked,
            files,
            colours: HashMap::new(),
            width,
            rows: Vec::new(),
            starts: Vec::new(),
        };
        changes.lay();
        changes
    }

    /// The same for another width.
    pub fn resize(&mut self, width: usize) {
        if width != self.width {
            self.width = width;
            self.lay();
        }
    }

    /// How many files there are.
    pub fn count(&self) -> usize {
        self.files.len()
    }

    /// Everything.
    pub fn rows(&self) -> &[Line] {
        &self.rows
    }

    /// The pieces of code that want colours: key, language, text.
    pub fn wanted(&self) -> Vec<(u64, String, String)> {
        let (mut pieces, mut bytes) = (Vec::new(), 0);
        for (f, file) in self.files.iter().enumerate() {
            for (h, hunk) in file.hunks.iter().enumerate() {
                for side in [0, 1] {
                    let text = side_of(hunk, side);
                    bytes += text.len();
                    if bytes > PAINTED {
                        return pieces;
                    }
                    if !text.is_empty() {
                        pieces.push((key(f, h, side), file.lang.clone(), text));
                    }
                }
            }
        }
        pieces
    }

    /// Takes colours in.
    pub fn color(&mut self, colours: Vec<(u64, Colours)>) {
        self.colours.extend(colours);
        self.lay();
    }

    /// How far down it can be scrolled: the last file's heading can stand at the top.
    pub fn most_scroll(&self, height: usize) -> usize {
        let end = self.rows.len().saturating_sub(height);
        self.starts.last().map_or(end, |last| end.max(*last))
    }

    /// The row of the next file's heading, seen from a row, or of the one before.
    pub fn file(&self, from: usize, forward: bool) -> Option<usize> {
        if forward {
            self.starts.iter().copied().find(|row| *row > from)
        } else {
            self.starts.iter().rev().copied().find(|row| *row < from)
        }
    }

    /// The file that a row belongs to: its number from 1, how many there are, its heading, and the row
    /// of that.
    pub fn at(&self, row: usize) -> Option<(usize, usize, &Line, usize)> {
        let n = self.starts.iter().rposition(|start| *start <= row)?;
        let start = self.starts[n];
        Some((n + 1, self.starts.len(), self.rows.get(start)?, start))
    }

    fn lay(&mut self) {
        let mut rows = vec![self.head.clone()];
        for (kind, (_, heading)) in KINDS.iter().enumerate() {
            let mut files = self.files.iter().filter(|file| file.kind == kind).peekable();
            if files.peek().is_some() {
                rows.extend([Vec::new(), vec![((*heading).to_owned(), Role::Heading)]]);
                rows.extend(files.map(|file| file.summary.clone()));
            }
        }
        if !self.untracked.is_empty() {
            rows.extend([Vec::new(), vec![("Not known to git".to_owned(), Role::Heading)]]);
            rows.extend(self.untracked.iter().map(|name| vec![(format!("  {name}"), Role::Text)]));
        }
        if self.files.is_empty() && self.untracked.is_empty() {
            rows.extend([Vec::new(), vec![("nothing is different".to_owned(), Role::Ok)]]);
        }
        let mut starts = Vec::new();
        for (f, file) in self.files.iter().enumerate() {
            rows.push(Vec::new());
            starts.push(rows.len());
            let mut heading = vec![(format!("{} ", KINDS[file.kind].1), Role::Dim)];
            heading.extend(
                file.summary.iter().map(|(text, role)| {
                    (text.clone(), if *role == Role::Text { Role::Title } else { *role })
                }),
            );
            rows.push(heading);
            rows.extend(file.notes.iter().map(|note| vec![(format!("  {note}"), Role::Dim)]));
            let digits = file.hunks.iter().flat_map(|h| &h.lines).map(|l| l.number).max().unwrap_or(0);
            let digits = digits.to_string().len().max(3);
            for (h, hunk) in file.hunks.iter().enumerate() {
                rows.push(vec![(hunk.head.clone(), Role::DiffHunk)]);
                let mut seen = [0, 0];
                for line in &hunk.lines {
                    let mut colours = |side: usize| {
                        let at = seen[side];
                        seen[side] += 1;
                        self.colours.get(&key(f, h, side)).and_then(|c| c.lines.get(at))
                    };
                    let (runs, role) = match line.sign {
                        '+' => (colours(1), Role::DiffAdd),
                        '-' => (colours(0), Role::DiffRemove),
                        _ => {
                            let _ = colours(0);
                            (colours(1), Role::Text)
                        }
                    };
                    rows.extend(row(line, runs, role, digits, self.width));
                }
            }
            if file.truncated {
                rows.push(vec![("… cut off here".to_owned(), Role::Warn)]);
            }
        }
        (self.rows, self.starts) = (rows, starts);
    }
}

/// A line with its number and sign; what is too long goes on below, under its own beginning.
fn row(
    line: &Changed,
    runs: Option<&Vec<(usize, Role)>>,
    role: Role,
    digits: usize,
    width: usize,
) -> Vec<Line> {
    let lead: Line =
        vec![(format!("{:>digits$} ", line.number), Role::Dim), (format!("{} ", line.sign), role)];
    let hang: Line = vec![(" ".repeat(digits + 3), Role::Dim)];
    let room = width.saturating_sub(digits + 3).max(8);
    let mut code = Line::new();
    let mut at = 0;
    for (length, role) in runs.into_iter().flatten() {
        let Some(piece) = line.text.get(at..at + length) else { break };
        code.push((piece.to_owned(), *role));
        at += length;
    }
    // A line without colours says by its colour what became of it.
    let plain = if runs.is_some() { Role::Syntax } else { role };
    code.push((line.text.get(at..).unwrap_or_default().to_owned(), plain));
    let rows = hard(&code, room, &Line::new());
    rows.into_iter()
        .enumerate()
        .map(
            |(n, row)| {
                if n == 0 { [lead.clone(), row.line].concat() } else { [hang.clone(), row.line].concat() }
            },
        )
        .collect()
}

/// The text of one side of a hunk.
fn side_of(hunk: &Hunk, side: usize) -> String {
    let gone = if side == 0 { '+' } else { '-' };
    let lines = hunk.lines.iter().filter(|line| line.sign != gone);
    lines.map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// The files of a kind: git names them in the order in which their differences follow.
fn files(kind: usize, part: &Value) -> Vec<File> {
    let listed = part["files"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut texts = split(part["text"].as_str().unwrap_or_default());
    let cut = part["truncated"] == true;
    let count = texts.len();
    texts.resize_with(count.max(listed.len()), || (Vec::new(), Vec::new()));
    listed
        .iter()
        .zip(texts)
        .enumerate()
        .map(|(n, (file, (hunks, notes)))| {
            let path = text::clean(file["path"].as_str().unwrap_or_default());
            let name = path.rsplit('/').next().unwrap_or(&path);
            let lang = name.rsplit_once('.').map_or(name, |(_, end)| end).to_owned();
            File { kind, summary: summary(file), lang, hunks, notes, truncated: cut && n + 1 >= count }
        })
        .collect()
}

/// A file with what was added and removed; `-` for one that is no text.
fn summary(file: &Value) -> Line {
    let count = |key: &str| file[key].as_u64().map_or_else(|| "-".to_owned(), |n| n.to_string());
    vec![
        (format!("  {} ", text::clean(file["status"].as_str().unwrap_or_default())), Role::WorktreeDirty),
        (format!("{:>5} ", format!("+{}", count("added"))), Role::Ok),
        (format!("{:>5}  ", format!("-{}", count("deleted"))), Role::Error),
        (text::clean(file["path"].as_str().unwrap_or_default()), Role::Text),
    ]
}

/// Takes a difference in the unified form apart: hunks, and what is said of a file without any.
fn split(text: &str) -> Vec<(Vec<Hunk>, Vec<String>)> {
    let mut files: Vec<(Vec<Hunk>, Vec<String>)> = Vec::new();
    // Lines that the hunk still owes: old, new.
    let (mut old, mut new, mut left) = (0, 0, (0_usize, 0_usize));
    for line in text.lines() {
        let sign = line.chars().next().unwrap_or(' ');
        if left != (0, 0) && matches!(sign, ' ' | '+' | '-') {
            let Some(hunk) = files.last_mut().and_then(|(hunks, _)| hunks.last_mut()) else { continue };
            let number = if sign == '-' { old } else { new };
            hunk.lines.push(Changed { sign, text: code(line), number });
            if sign != '+' {
                (old, left.0) = (old + 1, left.0.saturating_sub(1));
            }
            if sign != '-' {
                (new, left.1) = (new + 1, left.1.saturating_sub(1));
            }
            continue;
        }
        if line.starts_with("diff ") {
            files.push((Vec::new(), Vec::new()));
            left = (0, 0);
        }
        let Some((hunks, notes)) = files.last_mut() else { continue };
        if let Some((from, to)) = ranges(line) {
            ((old, left.0), (new, left.1)) = (from, to);
            hunks.push(Hunk { head: text::clean(line), lines: Vec::new() });
        } else if line.starts_with("Binary ") || line.contains(" mode ") || line.starts_with("\\ ") {
            notes.push(text::clean(line));
        }
    }
    files
}

/// The text of a line behind its sign; a tab is four blanks.
fn code(line: &str) -> String {
    text::clean(&line.get(1..).unwrap_or_default().replace('\t', "    "))
}

/// `@@ -1,2 +3,4 @@`: where the old and the new lines begin, and how many there are.
fn ranges(line: &str) -> Option<((usize, usize), (usize, usize))> {
    let mut words = line.strip_prefix("@@ -")?.split(' ');
    let range = |word: &str| {
        let (from, count) = word.split_once(',').unwrap_or((word, "1"));
        Some((from.parse().ok()?, count.parse().ok()?))
    };
    Some((range(words.next()?)?, range(words.next()?.strip_prefix('+')?)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cockpit::syntax;
    use serde_json::json;

    fn text(rows: &[Line]) -> String {
        rows.iter().map(|l| l.iter().map(|(t, _)| t.as_str()).collect::<String>() + "\n").collect()
    }

    fn result() -> Value {
        json!({
            "branch": "feat/pay", "base": "main", "path": "/h/pay/core", "untracked": ["new\u{1b}file"],
            "committed": { "truncated": false,
                "files": [{ "path": "src/a.rs", "status": "M", "added": 2, "deleted": 1 }, { "path": "bin", "status": "A", "added": null, "deleted": null }],
                "text": "diff --git a/src/a.rs b/src/a.rs\nindex 1..2 100644\n--- a/src/a.rs\n+++ b/src/a.rs\n@@ -9,2 +9,3 @@ fn x()\n-let a = \"old\";\n+let a = \"new\";\n+--- no header\n same\n\
                         diff --git a/bin b/bin\nnew file mode 100644\nBinary files /dev/null and b/bin differ\n" },
            "staged": { "files": [], "text": "", "truncated": false },
            "unstaged": { "files": [{ "path": "b", "status": "M", "added": 1, "deleted": 0 }], "truncated": true,
                "text": "diff --git a/b b/b\n@@ -1 +1,2 @@\n x\n+y" },
        })
    }

    #[test]
    fn files_are_laid_out_with_numbers_and_signs() {
        let changes = Changes::new(&result(), 60);
        let shown = text(changes.rows());
        assert!(
            shown.starts_with(
                "feat/pay  against main  /h/pay/core\n\nCommitted since the base\n  M    +2    -1  src/a.rs\n"
            ),
            "{shown}"
        );
        for wanted in [
            "  A    +-    --  bin\n",
            "Not known to git\n  new␛file",
            "\n  9 - let a = \"old\";\n  9 + let a = \"new\";\n 10 + --- no header\n 11   same\n",
            "Binary files /dev/null and b/bin differ",
            "  2 + y\n… cut off here\n",
        ] {
            assert!(shown.contains(wanted), "{wanted}: {shown}");
        }
        let clean = Changes::new(&json!({}), 60);
        assert!(text(clean.rows()).contains("nothing is different"));
        assert_eq!(clean.file(0, true), None);
    }

    #[test]
    fn one_goes_from_file_to_file() {
        let changes = Changes::new(&result(), 60);
        let (mut row, mut names) = (0, Vec::new());
        while let Some(next) = changes.file(row, true) {
            row = next;
            let (n, of, heading, start) = changes.at(row + 1).expect("a file");
            names.push((n, of, heading.last().expect("a path").0.clone()));
            assert_eq!(start, row);
        }
        assert_eq!(names, [(1, 3, "src/a.rs".into()), (2, 3, "bin".into()), (3, 3, "b".into())]);
        assert_eq!(changes.file(row, false).and_then(|row| changes.at(row)).map(|at| at.0), Some(2));
        assert!(changes.most_scroll(100) >= row, "the last one can stand at the top");
    }

    #[test]
    fn lines_have_the_colours_of_their_language() {
        let mut changes = Changes::new(&result(), 60);
        let pieces = changes.wanted();
        let painted =
            pieces.into_iter().filter_map(|(key, lang, text)| Some((key, syntax::paint(&lang, &text)?)));
        changes.color(painted.collect());
        let has = |text: &str, role: Role| {
            changes.rows().iter().flatten().any(|(t, r)| t.contains(text) && *r == role)
        };
        assert!(
            has("new", Role::SyntaxString)
                && has("old", Role::SyntaxString)
                && has("let", Role::SyntaxKeyword)
        );
        assert!(has("+ ", Role::DiffAdd) && has("- ", Role::DiffRemove));
    }

    #[test]
    fn a_long_line_goes_on_below() {
        let mut value = result();
        value["unstaged"]["text"] =
            json!(format!("diff --git a/b b/b\n@@ -1 +1,2 @@\n x\n+{}", "y".repeat(100)));
        let changes = Changes::new(&value, 40);
        assert!(changes.rows().iter().all(|row| super::super::prose::columns(row) <= 60));
        assert!(text(changes.rows()).contains(&format!("\n      {}", "y".repeat(20))));
    }
}
