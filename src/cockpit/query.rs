//! A search as it is typed: words, and filters among them (`tool:codex since:2d retry`).

use crate::model::ToolId;

/// Filters, with the option of `search` that each stands for.
const FILTERS: [(&str, &str); 8] = [
    ("tool", "--tool"),
    ("host", "--host"),
    ("role", "--role"),
    ("since", "--since"),
    ("feature", "--feature"),
    ("in", "--workdir"),
    ("workdir", "--workdir"),
    ("sort", "--sort"),
];
/// Letters of a word after which it is looked for as the beginning of others.
const BEGUN: usize = 3;
/// Hits that are asked for.
const LIMIT: &str = "200";

/// The filters that keys go through, and their values.
const ROLES: [&str; 4] = ["user", "assistant", "tool", "system"];

/// What was typed, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// What is searched for.
    pub words: String,
    /// Filters: option and value.
    pub filters: Vec<(&'static str, String)>,
    /// Whether it is a pattern.
    pub regex: bool,
}

impl Query {
    /// Takes apart what was typed. Filters whose value is still missing are left out; a colon after
    /// any other word is a part of it.
    pub fn parse(text: &str) -> Self {
        let mut query = Self::default();
        let mut words = Vec::new();
        for word in text.split_whitespace() {
            let filter = word.split_once(':').and_then(|(name, value)| {
                let (_, option) = FILTERS.iter().find(|(known, _)| *known == name)?;
                Some((*option, value.trim_matches('"')))
            });
            match filter {
                Some((option, value)) => {
                    query.filters.retain(|(known, _)| *known != option);
                    if !value.is_empty() {
                        query.filters.push((option, value.to_owned()));
                    }
                }
                None if word == "regex:on" || word == "regex:" => query.regex = word == "regex:on",
                None => words.push(word),
            }
        }
        query.words = words.join(" ");
        // A word that is still being typed is meant as the beginning of one; not its first letters, with which
        // nearly every message has a word.
        let word: Vec<char> = query.words.chars().rev().take_while(|c| c.is_alphanumeric()).collect();
        let begun = word.len() >= BEGUN || word.iter().any(|c| !c.is_ascii());
        let typing = text.ends_with(|c: char| !c.is_whitespace()) && text.ends_with(&query.words);
        let quoted = query.words.matches('"').count() % 2 == 1;
        if quoted {
            query.words.push('"');
        } else if typing && !query.regex && begun {
            query.words.push('*');
        }
        query
    }

    /// The line of the command; `None` when nothing is searched for.
    pub fn line(&self) -> Option<Vec<String>> {
        let bare = self.words.trim_matches(|c: char| matches!(c, '*' | '"') || c.is_whitespace());
        if bare.is_empty() {
            return None;
        }
        let mut line: Vec<String> = ["search", "--limit", LIMIT].map(str::to_owned).to_vec();
        for (option, value) in &self.filters {
            line.extend([(*option).to_owned(), value.clone()]);
        }
        if self.regex {
            line.push("--regex".into());
        }
        line.extend(["--".into(), self.words.clone()]);
        Some(line)
    }
}

/// The values that a key goes through for a filter.
fn values(name: &str) -> Vec<&'static str> {
    match name {
        "tool" => ToolId::ALL.iter().map(|tool| tool.as_str()).collect(),
        "role" => ROLES.to_vec(),
        "sort" => vec!["rank"],
        "regex" => vec!["on"],
        _ => Vec::new(),
    }
}

/// The text with the next value for a filter, after the last one without it.
pub fn cycle(text: &str, name: &str) -> String {
    let mark = format!("{name}:");
    let values = values(name);
    let now = text.split_whitespace().find_map(|word| word.strip_prefix(&mark));
    let next = match now {
        None => values.first(),
        Some(now) => values.iter().position(|v| *v == now).and_then(|at| values.get(at + 1)),
    };
    let rest: Vec<&str> = text.split_whitespace().filter(|word| !word.starts_with(&mark)).collect();
    let rest = rest.join(" ");
    match next {
        // In front, so that what is being typed stays at the end.
        Some(value) if rest.is_empty() => format!("{mark}{value} "),
        Some(value) => format!("{mark}{value} {rest}"),
        None => rest,
    }
}

/// The text with the name of a filter completed that its last word begins.
pub fn complete(text: &str) -> Option<String> {
    let last = text.rsplit(char::is_whitespace).next().filter(|word| !word.is_empty())?;
    let kept = text.get(..text.len() - last.len())?;
    if let Some((name, value)) = last.split_once(':') {
        let found = values(name).into_iter().find(|v| v.starts_with(value) && *v != value)?;
        return Some(format!("{kept}{name}:{found} "));
    }
    let names = FILTERS.iter().map(|(name, _)| *name).chain(["regex"]);
    let name = names.into_iter().find(|name| name.starts_with(last))?;
    Some(format!("{kept}{name}:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_taken_out_of_the_words() {
        let query = Query::parse("tool:codex re:try since: in:/home/dev \"a phrase\" role:user ");
        assert_eq!(query.words, "re:try \"a phrase\"");
        assert_eq!(
            query.filters,
            [("--tool", "codex".into()), ("--workdir", "/home/dev".into()), ("--role", "user".into())]
        );
        let line = query.line().expect("a line").join(" ");
        assert_eq!(
            line,
            "search --limit 200 --tool codex --workdir /home/dev --role user -- re:try \"a phrase\""
        );
        assert_eq!(Query::parse("tool:codex ").line(), None);
        assert_eq!(Query::parse("\"").line(), None);
    }

    #[test]
    fn the_last_word_is_a_beginning_while_it_is_typed() {
        assert_eq!(Query::parse("retry cou").words, "retry cou*");
        assert_eq!(Query::parse("retry cou ").words, "retry cou");
        assert_eq!(Query::parse("retry co").words, "retry co");
        assert_eq!(Query::parse("é").words, "é*");
        assert_eq!(Query::parse("retry \"cou").words, "retry \"cou\"");
        assert_eq!(Query::parse("retry tool:codex").words, "retry");
        assert_eq!(Query::parse("regex:on ret.y").words, "ret.y");
    }

    #[test]
    fn keys_go_through_the_values() {
        assert_eq!(cycle("retry", "role"), "role:user retry");
        assert_eq!(cycle("role:user retry", "role"), "role:assistant retry");
        assert_eq!(cycle("role:system retry", "role"), "retry");
        assert_eq!(cycle("", "regex"), "regex:on ");
        assert_eq!(complete("x to").as_deref(), Some("x tool:"));
        assert_eq!(complete("tool:cl").as_deref(), Some("tool:claude-code "));
        assert_eq!(complete("zzz"), None);
    }
}
