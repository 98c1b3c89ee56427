//! What the grammar knows of every command, read once: for the palette, forms, help and the check
//! of keys.

use std::any::TypeId;

use clap::Command;
use clap::builder::NonEmptyStringValueParser;

use crate::command::line;
use crate::command::table::Table;
use crate::engine::contract::Body;
use crate::engine::{Catalog, Entry};
use crate::model::{FeatureName, HostName, RepoName, ToolId};

/// What kind of thing an argument names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A host.
    Host,
    /// A feature.
    Feature,
    /// A repository.
    Repo,
    /// A live session.
    Session,
    /// A transcript.
    Transcript,
    /// An AI tool.
    Tool,
    /// Anything else.
    Other,
}

/// An argument of a command.
#[derive(Clone, Debug)]
pub struct Arg {
    /// Its id in the grammar.
    pub id: String,
    /// `--long`, without the dashes; `None` when it goes by its place.
    pub long: Option<String>,
    /// What stands for its value in help.
    pub value_name: String,
    /// Whether it takes a value; else it is a switch.
    pub takes_value: bool,
    /// Whether the command needs it.
    pub required: bool,
    /// Whether it takes several values.
    pub many: bool,
    /// Whether it stands after `--`.
    pub last: bool,
    /// What it is for.
    pub help: String,
    /// The only values, if there are few.
    pub values: Vec<String>,
    /// What it names.
    pub kind: Kind,
}

/// A command.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its row in the table.
    pub entry: &'static Entry,
    /// What it does, in a line.
    pub about: String,
    /// Its arguments: those by place first, in order.
    pub args: Vec<Arg>,
}

impl Spec {
    /// Whether it is a verb of the screen.
    pub fn is_verb(&self) -> bool {
        matches!(self.entry.body, Body::Screen)
    }

    /// Its arguments by place.
    pub fn places(&self) -> impl Iterator<Item = &Arg> {
        self.args.iter().filter(|arg| arg.long.is_none())
    }

    /// How it is called, without its name: `FEATURE REPO [--hosts NAMES]`.
    pub fn usage(&self) -> String {
        let mut parts = Vec::new();
        for arg in &self.args {
            let dots = if arg.many { "…" } else { "" };
            let text = match (&arg.long, arg.takes_value) {
                (None, _) => format!("{}{dots}", arg.value_name),
                (Some(long), true) => format!("--{long} {}", arg.value_name),
                (Some(long), false) => format!("--{long}"),
            };
            parts.push(if arg.required { text } else { format!("[{text}]") });
        }
        parts.join(" ")
    }
}

/// Every command and verb.
#[derive(Debug)]
pub struct Book {
    specs: Vec<Spec>,
    lax: Command,
}

impl Book {
    /// Reads the grammar.
    pub fn new() -> Self {
        let grammar = line::grammar();
        let specs = Table
            .entries()
            .iter()
            .filter_map(|entry| {
                let command =
                    entry.name.split(' ').try_fold(&grammar, |at, word| at.find_subcommand(word))?;
                // What people never type (the agent, hooks) is hidden; verbs are for here.
                let verb = matches!(entry.body, Body::Screen);
                (verb || !command.is_hide_set()).then(|| spec(entry, command))
            })
            .collect();
        Self { specs, lax: lax(grammar) }
    }

    /// Every command and verb, in the order of the table.
    pub fn specs(&self) -> &[Spec] {
        &self.specs
    }

    /// A command by name.
    pub fn find(&self, name: &str) -> Option<&Spec> {
        self.specs.iter().find(|spec| spec.entry.name == name)
    }

    /// The command that a line begins with, and how many words its name takes.
    pub fn begins(&self, words: &[String]) -> Option<(&Spec, usize)> {
        [2, 1].into_iter().find_map(|n| {
            let name = words.get(..n)?.join(" ");
            self.find(&name).map(|spec| (spec, n))
        })
    }

    /// Checks a line whose values are not known yet: its command, its options, how many arguments
    /// it has. Gives the values that are there, by argument.
    ///
    /// # Errors
    /// The first line of what clap says.
    pub fn check(&self, words: &[String]) -> Result<Vec<(String, Vec<String>)>, String> {
        let argv = std::iter::once("sf".to_owned()).chain(words.iter().cloned());
        let matches = self.lax.clone().try_get_matches_from(argv).map_err(|e| {
            let text = e.to_string();
            text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
        })?;
        let Some((spec, _)) = self.begins(words) else { return Ok(Vec::new()) };
        let mut leaf = &matches;
        while let Some((_, inner)) = leaf.subcommand() {
            leaf = inner;
        }
        let values = |arg: &Arg| {
            if !arg.takes_value {
                let on = leaf.try_get_one::<bool>(&arg.id).ok().flatten().copied().unwrap_or(false);
                return on.then(Vec::new);
            }
            let from_line = leaf.value_source(&arg.id) == Some(clap::parser::ValueSource::CommandLine);
            let found = leaf.try_get_many::<String>(&arg.id).ok().flatten().filter(|_| from_line)?;
            Some(found.cloned().collect())
        };
        Ok(spec.args.iter().filter_map(|arg| values(arg).map(|v| (arg.id.clone(), v))).collect())
    }
}

impl Default for Book {
    fn default() -> Self {
        Self::new()
    }
}

fn spec(entry: &'static Entry, command: &Command) -> Spec {
    let about = command.get_about().map_or(String::new(), ToString::to_string);
    let mut args: Vec<Arg> = command
        .get_arguments()
        .filter(|a| !a.is_global_set() && !a.is_hide_set() && a.get_id() != "help")
        .map(|a| arg(entry, a))
        .collect();
    args.sort_by_key(|a| (a.long.is_some(), a.last));
    Spec { entry, about, args }
}

fn arg(entry: &'static Entry, arg: &clap::Arg) -> Arg {
    let id = arg.get_id().to_string();
    let takes_value = arg.get_action().takes_values();
    let value_name = arg.get_value_names().and_then(|n| n.first()).map(ToString::to_string);
    let values = if takes_value {
        arg.get_possible_values().iter().map(|v| v.get_name().to_owned()).collect()
    } else {
        Vec::new()
    };
    let several = arg.get_num_args().is_some_and(|n| n.max_values() > 1);
    Arg {
        value_name: value_name.unwrap_or_else(|| id.to_uppercase()),
        long: arg.get_long().map(str::to_owned),
        takes_value,
        required: arg.is_required_set(),
        many: several || matches!(arg.get_action(), clap::ArgAction::Append) && takes_value,
        last: arg.is_last_set() || arg.is_trailing_var_arg_set(),
        help: arg.get_help().map_or(String::new(), ToString::to_string),
        kind: if takes_value && values.is_empty() { kind(entry.name, &id, arg) } else { Kind::Other },
        values,
        id,
    }
}

/// By its type where it has one; an id that may be a prefix, a name or `@last` is plain text, and
/// told by its own name and its command's.
fn kind(command: &str, id: &str, arg: &clap::Arg) -> Kind {
    let of = arg.get_value_parser().type_id();
    let known = [
        (TypeId::of::<HostName>(), Kind::Host),
        (TypeId::of::<crate::command::args::HostPick>(), Kind::Host),
        (TypeId::of::<FeatureName>(), Kind::Feature),
        (TypeId::of::<RepoName>(), Kind::Repo),
        (TypeId::of::<ToolId>(), Kind::Tool),
    ];
    if let Some((_, kind)) = known.into_iter().find(|(t, _)| of == *t) {
        return kind;
    }
    const OF_TRANSCRIPTS: [&str; 12] = [
        "alias",
        "audit",
        "checkpoint",
        "compare",
        "delete",
        "export",
        "fork",
        "handoff",
        "pull",
        "push",
        "resume",
        "show",
    ];
    let by_place = arg.get_long().is_none();
    match id {
        "session" if by_place => Kind::Session,
        "transcript" => Kind::Transcript,
        "id" | "ids" if command.starts_with("session ") => Kind::Session,
        "id" | "ids" if OF_TRANSCRIPTS.contains(&command) || command == "summary" => Kind::Transcript,
        _ => Kind::Other,
    }
}

/// The grammar with every value free and nothing required.
fn lax(command: Command) -> Command {
    let args = |arg: clap::Arg| {
        if arg.get_action().takes_values() {
            arg.required(false).value_parser(NonEmptyStringValueParser::new())
        } else {
            arg
        }
    };
    command.arg_required_else_help(false).mut_args(args).mut_subcommands(lax)
}
