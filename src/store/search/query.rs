//! The language of `search`: words, `"phrases"`, `prefix*`, AND, OR, NOT and parentheses.
//!
//! It is translated to FTS5's, every word quoted, so that nothing a person types is an SQL or FTS5
//! error. Words side by side are joined by AND; NOT binds most tightly, then AND, then OR.

use super::words;
use crate::error::{Error, Result};

/// How deep parentheses may be nested.
const DEPTH: usize = 32;

/// A query that was understood.
#[derive(Debug, PartialEq, Eq)]
pub struct Query {
    /// In FTS5's language.
    pub fts: String,
    /// The words and phrases that a hit has, for marking them.
    pub terms: Vec<Term>,
}

/// A word or a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// As it was typed.
    pub text: String,
    /// Whether it may go on.
    pub prefix: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    Term(Term),
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// `usage`, with what is wrong.
    pub fn parse(text: &str) -> Result<Self> {
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens: tokens.into_iter().peekable(), terms: Vec::new(), negated: false };
        let fts = parser.any(0)?;
        if parser.tokens.next().is_some() {
            return Err(bad("a `)` has no `(`"));
        }
        let fts = fts.ok_or_else(|| bad("it has no letter and no digit").hint("`--regex` finds anything"))?;
        Ok(Self { fts, terms: parser.terms })
    }
}

fn bad(why: &str) -> Error {
    Error::usage(format!("the query cannot be understood: {why}")).hint(
        "words, \"a phrase\", prefix*, AND, OR, NOT and parentheses; words side by side must all be there",
    )
}

fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '(' => (Token::Open, &rest[1..]),
            ')' => (Token::Close, &rest[1..]),
            '"' => {
                let (phrase, after) =
                    rest[1..].split_once('"').ok_or_else(|| bad("a quotation mark is not closed"))?;
                let prefix = after.starts_with('*');
                let after = if prefix { &after[1..] } else { after };
                (Token::Term(Term { text: phrase.to_owned(), prefix }), after)
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "()\"".contains(c)).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                let token = match word {
                    "AND" => Token::And,
                    "OR" => Token::Or,
                    "NOT" => Token::Not,
                    _ => {
                        let bare = word.trim_end_matches('*');
                        Token::Term(Term { text: bare.to_owned(), prefix: bare.len() < word.len() })
                    }
                };
                (token, after)
            }
        };
        out.push(token);
        rest = after.trim_start();
    }
    if out.is_empty() {
        return Err(bad("it is empty"));
    }
    Ok(out)
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    terms: Vec<Term>,
    negated: bool,
}

/// A part of the query in FTS5's language; `None` when it holds no word.
type Part = Option<String>;

impl Parser {
    fn any(&mut self, depth: usize) -> Result<Part> {
        let mut all = self.all(depth)?;
        while self.tokens.next_if_eq(&Token::Or).is_some() {
            let more = self.all(depth)?;
            all = join(all, "OR", more);
        }
        Ok(all)
    }

    fn all(&mut self, depth: usize) -> Result<Part> {
        let mut all = self.without(depth)?;
        loop {
            let and = self.tokens.next_if_eq(&Token::And).is_some();
            match self.tokens.peek() {
                Some(Token::Term(_) | Token::Open) => {}
                _ if and => return Err(bad("a word is missing after AND")),
                Some(Token::Not | Token::And) => return Err(bad("an operator is missing a word")),
                _ => return Ok(all),
            }
            let more = self.without(depth)?;
            all = join(all, "AND", more);
        }
    }

    fn without(&mut self, depth: usize) -> Result<Part> {
        let mut all = self.one(depth)?;
        while self.tokens.next_if_eq(&Token::Not).is_some() {
            let before = std::mem::replace(&mut self.negated, true);
            let not = self.one(depth);
            self.negated = before;
            all = match (all, not?) {
                (Some(all), Some(not)) => Some(format!("({all} NOT {not})")),
                (all, None) => all,
                (None, Some(_)) => return Err(bad("NOT needs something to take away from")),
            };
        }
        Ok(all)
    }

    fn one(&mut self, depth: usize) -> Result<Part> {
        match self.tokens.next() {
            Some(Token::Term(term)) => Ok(self.term(term)),
            Some(Token::Open) if depth < DEPTH => {
                let inner = self.any(depth + 1)?;
                match self.tokens.next() {
                    Some(Token::Close) => Ok(inner),
                    _ => Err(bad("a `(` is not closed")),
                }
            }
            Some(Token::Open) => Err(bad("parentheses are nested too deeply")),
            Some(Token::Not) => Err(bad("NOT needs something to take away from")),
            Some(Token::Close) => Err(bad("there is nothing before a `)`")),
            Some(Token::And | Token::Or) => Err(bad("an operator is missing a word")),
            None => Err(bad("a word is missing at the end")),
        }
    }

    fn term(&mut self, term: Term) -> Part {
        if !term.text.contains(char::is_alphanumeric) {
            return None;
        }
        // One character of a script without spaces is the first half of a word in the index.
        let single = term.text.chars().count() == 1 && term.text.contains(words::is_cjk);
        let star = if term.prefix || single { " *" } else { "" };
        let quoted = words::body(&term.text).replace(['"', '\0'], " ");
        if !self.negated {
            self.terms.push(term);
        }
        Some(format!("\"{}\"{star}", quoted.trim()))
    }
}

fn join(left: Part, operator: &str, right: Part) -> Part {
    match (left, right) {
        (Some(left), Some(right)) => Some(format!("({left} {operator} {right})")),
        (left, right) => left.or(right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fts(text: &str) -> String {
        Query::parse(text).expect(text).fts
    }

    #[test]
    fn words_phrases_prefixes_and_operators() {
        assert_eq!(fts("a b"), r#"("a" AND "b")"#);
        assert_eq!(fts(r#""two words" OR pre* NOT c"#), r#"("two words" OR ("pre" * NOT "c"))"#);
        assert_eq!(fts("(a OR b) src/main.rs"), r#"(("a" OR "b") AND "src/main.rs")"#);
        assert_eq!(fts("a -- b"), r#"("a" AND "b")"#);
        assert_eq!(fts("日本語"), r#""日本 本語""#);
        assert_eq!(fts("and or"), r#"("and" AND "or")"#, "only capitals are operators");
        assert_eq!(Query::parse("a NOT b").expect("fine").terms.len(), 1);
    }

    #[test]
    fn what_cannot_be_understood_is_usage() {
        for text in
            ["", "\"", "a AND", "AND a", "NOT a", "a OR", "(a", "a)", "()", "!!!", "a AND NOT b", "a NOT"]
        {
            let error = Query::parse(text).expect_err(text);
            assert_eq!(error.code, crate::error::Code::Usage, "{text}");
        }
        assert!(Query::parse(&"(".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn every_query_is_fine_for_fts5(text in r#"([a-z"*()^:{}+\-\\\u{0}日本 ]|AND |OR |NOT |NEAR)*"#) {
            if let Ok(query) = Query::parse(&text) {
                let db = rusqlite::Connection::open_in_memory().expect("opened");
                db.execute_batch("create virtual table words using fts5 (body, parts, content = '')").expect("made");
                let found: rusqlite::Result<i64> =
                    db.query_row("select count(*) from words where words match ?1", [&query.fts], |r| r.get(0));
                prop_assert!(found.is_ok(), "{} -> {}: {:?}", text, query.fts, found);
            }
        }
    }
}
