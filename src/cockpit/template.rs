//! Command lines with slots: `sync {feature}`, `session start {ask:program}`.

use std::collections::BTreeMap;

use crate::command::line;
use crate::config::layers;

/// What a selection can give.
pub const SELECTED: [&str; 6] = ["feature", "host", "repo", "session", "transcript", "workdir"];
/// What can be asked for. `program` becomes `--tool TOOL` or a shell, `sure` nothing at all.
pub const ASKED: [&str; 8] = ["feature", "host", "program", "repo", "session", "sure", "tool", "transcript"];

/// A hole in a command line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// Filled by what is selected.
    Selected(String),
    /// Always chosen from a list.
    Asked(String),
}

impl Slot {
    /// What goes in.
    pub fn subject(&self) -> &str {
        match self {
            Self::Selected(name) | Self::Asked(name) => name,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Slot(Slot),
}

/// A command line with slots, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// As it was written.
    pub line: String,
    words: Vec<Vec<Part>>,
}

/// What goes into each slot. Several words only fit where the slot is a word of its own.
pub type Filling = BTreeMap<Slot, Vec<String>>;

impl Template {
    /// Takes a line apart.
    ///
    /// # Errors
    /// In words, what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words = line::split(text).map_err(|e| e.message)?;
        if words.is_empty() {
            return Err("an empty command line".into());
        }
        let words = words.iter().map(|word| parts(word)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { line: text.to_owned(), words })
    }

    /// Its slots, each once, in order.
    pub fn slots(&self) -> Vec<Slot> {
        let mut slots = Vec::new();
        for part in self.words.iter().flatten() {
            if let Part::Slot(slot) = part
                && !slots.contains(slot)
            {
                slots.push(slot.clone());
            }
        }
        slots
    }

    /// The words with everything filled in; a slot that the filling lacks is left as it is written.
    pub fn fill(&self, filling: &Filling) -> Vec<String> {
        let mut words = Vec::new();
        for parts in &self.words {
            if let [Part::Slot(slot)] = parts.as_slice()
                && let Some(values) = filling.get(slot)
            {
                words.extend(values.iter().cloned());
                continue;
            }
            let text = |part: &Part| match part {
                Part::Text(text) => text.clone(),
                Part::Slot(slot) => match filling.get(slot) {
                    Some(values) => values.join(" "),
                    None => spell(slot),
                },
            };
            words.push(parts.iter().map(text).collect());
        }
        words
    }

    /// The words with something in every slot, for a check of the rest.
    pub fn sample(&self) -> Vec<String> {
        let value = |slot: &Slot| match slot.subject() {
            "program" | "sure" => Vec::new(),
            _ => vec!["x".to_owned()],
        };
        self.fill(&self.slots().into_iter().map(|slot| (slot.clone(), value(&slot))).collect())
    }
}

fn spell(slot: &Slot) -> String {
    match slot {
        Slot::Selected(name) => format!("{{{name}}}"),
        Slot::Asked(name) => format!("{{ask:{name}}}"),
    }
}

fn parts(word: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else {
            return Err(format!("`{word}`: a slot is not closed"));
        };
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        parts.push(Part::Slot(slot(name)?));
        rest = behind;
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

fn slot(name: &str) -> Result<Slot, String> {
    let (known, wanted, make): (&[&str], &str, fn(String) -> Slot) = match name.strip_prefix("ask:") {
        Some(wanted) => (&ASKED, wanted, Slot::Asked),
        None => (&SELECTED, name, Slot::Selected),
    };
    if known.contains(&wanted) {
        return Ok(make(wanted.to_owned()));
    }
    let near = layers::nearest(wanted, known.iter().copied());
    let near =
        near.map_or_else(|| format!("there are {}", known.join(", ")), |n| format!("did you mean `{n}`?"));
    Err(format!("no slot is called `{{{name}}}`; {near}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_found_and_filled() {
        let template =
            Template::parse("session start --host {host} --name x-{repo} {ask:program}").expect("valid");
        let slots = template.slots();
        assert_eq!(slots.iter().map(Slot::subject).collect::<Vec<_>>(), ["host", "repo", "program"]);
        let filling = Filling::from([
            (slots[0].clone(), vec!["local".into()]),
            (slots[1].clone(), vec!["core".into()]),
            (slots[2].clone(), vec!["--".into(), "sh".into()]),
        ]);
        let words = template.fill(&filling);
        assert_eq!(words, ["session", "start", "--host", "local", "--name", "x-core", "--", "sh"]);
    }

    #[test]
    fn a_value_is_never_split() {
        let template = Template::parse("sync {feature}").expect("valid");
        let filling = Filling::from([(template.slots()[0].clone(), vec!["a b; c".into()])]);
        assert_eq!(template.fill(&filling), ["sync", "a b; c"]);
    }

    #[test]
    fn wrong_slots_are_said_so() {
        assert!(Template::parse("sync {featur}").expect_err("wrong").contains("`feature`"));
        assert!(Template::parse("sync {feature").is_err());
        assert!(Template::parse("  ").is_err());
    }
}
