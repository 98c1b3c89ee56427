//! Colours of code, as roles. Slow (a thousand lines take tens of milliseconds) and large (the
//! grammars are unpacked at the first use): never called on the thread that draws.

use std::sync::LazyLock;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use crate::config::theme::Role;

/// More bytes than these are shown without colours.
const LONGEST: usize = 128 * 1024;
/// Lines longer than this, minified ones, are shown without.
const LONGEST_LINE: usize = 2_000;

/// Runs of one role, by their bytes, line by line. What is left over is plain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Colours {
    /// The lines.
    pub lines: Vec<Vec<(usize, Role)>>,
}

static GRAMMARS: LazyLock<SyntaxSet> = LazyLock::new(two_face::syntax::extra_newlines);

/// Scopes and what they are; the first one that fits counts.
static ROLES: LazyLock<Vec<(Scope, Role)>> = LazyLock::new(|| {
    let table = [
        ("comment", Role::SyntaxComment),
        ("punctuation.definition.comment", Role::SyntaxComment),
        ("constant.character.escape", Role::SyntaxConstant),
        ("string", Role::SyntaxString),
        ("punctuation.definition.string", Role::SyntaxString),
        ("constant.numeric", Role::SyntaxNumber),
        ("constant", Role::SyntaxConstant),
        ("support.constant", Role::SyntaxConstant),
        ("variable.language", Role::SyntaxConstant),
        ("entity.name.function", Role::SyntaxFunction),
        ("support.function", Role::SyntaxFunction),
        ("variable.function", Role::SyntaxFunction),
        ("entity.name.tag", Role::SyntaxTag),
        ("entity.other.attribute-name", Role::SyntaxAttribute),
        ("meta.annotation", Role::SyntaxAttribute),
        ("entity.name", Role::SyntaxType),
        ("entity.other.inherited-class", Role::SyntaxType),
        ("support.type.property-name", Role::SyntaxAttribute),
        ("support.type", Role::SyntaxType),
        ("support.class", Role::SyntaxType),
        ("storage.type.numeric", Role::SyntaxNumber),
        ("keyword.operator", Role::SyntaxOperator),
        ("storage", Role::SyntaxKeyword),
        ("keyword", Role::SyntaxKeyword),
        ("markup.heading", Role::SyntaxKeyword),
        ("markup.inserted", Role::DiffAdd),
        ("markup.deleted", Role::DiffRemove),
        ("meta.diff.range", Role::DiffHunk),
    ];
    // Names written here are sound; a grammar of the future that refuses one loses a colour.
    table.iter().filter_map(|(name, role)| Some((Scope::new(name).ok()?, *role))).collect()
});

/// The grammar of a language by its name, an extension, or the first line.
fn grammar<'a>(set: &'a SyntaxSet, lang: &str, text: &str) -> Option<&'a SyntaxReference> {
    let word = lang.trim().split(|c: char| c.is_whitespace() || matches!(c, ',' | '{' | ':')).next()?;
    let word = match word.to_ascii_lowercase().as_str() {
        "" | "text" | "txt" | "plain" | "plaintext" | "output" => return None,
        "console" | "shell-session" | "zsh" | "shellscript" => "bash".to_owned(),
        "jsonc" | "json5" | "jsonl" => "json".to_owned(),
        "golang" => "go".to_owned(),
        "dockerfile" => "Dockerfile".to_owned(),
        other => other.to_owned(),
    };
    set.find_syntax_by_token(&word).or_else(|| set.find_syntax_by_first_line(text))
}

/// The colours of a text; `None` when its language is not known or there is too much of it.
pub fn paint(lang: &str, text: &str) -> Option<Colours> {
    if text.len() > LONGEST || lang.trim().is_empty() {
        return None;
    }
    let set = &*GRAMMARS;
    let mut state = ParseState::new(grammar(set, lang, text)?);
    let mut stack = ScopeStack::new();
    let mut lines = Vec::new();
    for line in text.split('\n') {
        if line.len() > LONGEST_LINE {
            lines.push(Vec::new());
            continue;
        }
        let ops = state.parse_line(&format!("{line}\n"), set).ok()?;
        let mut runs: Vec<(usize, Role)> = Vec::new();
        let mut at = 0;
        for (to, op) in &ops {
            put(&mut runs, to.min(&line.len()).saturating_sub(at), role(&stack));
            at = at.max(*to.min(&line.len()));
            stack.apply(op).ok()?;
        }
        put(&mut runs, line.len().saturating_sub(at), role(&stack));
        lines.push(runs);
    }
    Some(Colours { lines })
}

fn put(runs: &mut Vec<(usize, Role)>, length: usize, role: Role) {
    match runs.last_mut() {
        _ if length == 0 => {}
        Some((last, same)) if *same == role => *last += length,
        _ => runs.push((length, role)),
    }
}

/// The innermost scope that means something.
fn role(stack: &ScopeStack) -> Role {
    let of =
        |scope: &Scope| ROLES.iter().find(|(known, _)| known.is_prefix_of(*scope)).map(|(_, role)| *role);
    stack.as_slice().iter().rev().find_map(of).unwrap_or(Role::Syntax)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(lang: &str, text: &str) -> Vec<(String, Role)> {
        let colours = paint(lang, text).expect("a language");
        let mut out = Vec::new();
        for (line, runs) in text.split('\n').zip(&colours.lines) {
            let mut at = 0;
            for (length, role) in runs {
                out.push((line[at..at + length].trim().to_owned(), *role));
                at += length;
            }
            assert_eq!(at, line.len(), "runs cover the line");
        }
        out
    }

    #[test]
    fn words_of_a_language_are_told_apart() {
        let rust = pieces("rust", "fn main() { // go\n    let s = \"x\";\n}");
        for wanted in [
            ("fn", Role::SyntaxKeyword),
            ("main", Role::SyntaxFunction),
            ("// go", Role::SyntaxComment),
            ("\"x\"", Role::SyntaxString),
        ] {
            assert!(rust.contains(&(wanted.0.to_owned(), wanted.1)), "{wanted:?} in {rust:?}");
        }
        for lang in
            ["ts", "tsx", "python", "toml", "sh", "go", "Dockerfile", "diff", "yaml", "sql", "kotlin", "c++"]
        {
            assert!(paint(lang, "a = 1").is_some(), "{lang}");
        }
        assert_eq!(paint("no-such-language", "a = 1"), None);
        assert_eq!(paint("", "a = 1"), None);
    }
}
