//! The one grammar: words in, a [`Call`] out. The command line, a batch line, a palette line and a
//! key all come through here.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, ArgMatches, Args as _, FromArgMatches as _};
use serde::{Deserialize, Serialize};

use super::table::{GROUPS, Table};
use crate::engine::contract::{Body, Entry};
use crate::engine::{Call, Catalog, Options, Origin};
use crate::error::{Code, Error, Result};
use crate::model::quantity::Dur;

/// Options that belong to no command. They stand anywhere on the line, before `--`.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Print exactly one JSON document: the result.
    #[arg(long, global = true)]
    pub json: bool,
    /// Say yes beforehand.
    #[arg(long, short = 'y', global = true)]
    pub yes: bool,
    /// Say what would be done, and do nothing.
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Hosts and repositories worked on at once [default: the setting `jobs`].
    #[arg(long, global = true, value_name = "N")]
    pub jobs: Option<std::num::NonZeroU16>,
    /// How long each host (or the command) may take: 500ms, 20s, 5m.
    #[arg(long, global = true, value_name = "DUR")]
    pub timeout: Option<Dur>,
    /// In a batch, go on after a failure.
    #[arg(long, global = true)]
    pub keep_going: bool,
    /// What a batch prints: JSON lines, or text for people.
    #[arg(long, global = true, value_enum, value_name = "FORM")]
    pub output: Option<OutputForm>,
    /// Everything that sf owns lies below DIR [default: SF_HOME, else the XDG folders].
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// When to use colours.
    #[arg(long, global = true, value_enum, value_name = "WHEN")]
    pub color: Option<Color>,
    /// Say less.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Say more.
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

/// What a batch prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
pub enum OutputForm {
    /// JSON lines.
    Json,
    /// Text for people.
    Text,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
pub enum Color {
    /// When standard output is a terminal and `NO_COLOR` is not set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What a line asks for.
pub struct Parsed {
    /// Its row in the table.
    pub entry: &'static Entry,
    /// Its arguments.
    pub args: serde_json::Map<String, serde_json::Value>,
    /// Its options.
    pub globals: Globals,
    /// The line as it was understood.
    pub line: String,
}

impl Parsed {
    /// The call, from a door; `jobs` is the setting.
    pub fn call(self, origin: Origin, jobs: u16) -> Call {
        let jobs = self.globals.jobs.map_or(jobs, std::num::NonZeroU16::get).max(1);
        Call {
            id: self.entry.name,
            args: self.args,
            options: Options {
                yes: self.globals.yes,
                dry_run: self.globals.dry_run,
                jobs: usize::from(jobs),
                attended: true,
                timeout: self.globals.timeout.map(|d| d.0).filter(|d| *d > Duration::ZERO),
            },
            origin,
            line: self.line,
        }
    }
}

/// Why a line is no call.
pub enum Refused {
    /// It is wrong.
    Wrong(Error),
    /// It asks for help or the version: text for standard output.
    Help(String),
}

impl Refused {
    /// The same where nobody reads help: in a batch, in the palette, in a key.
    pub fn into_error(self) -> Error {
        match self {
            Self::Wrong(error) => error,
            Self::Help(_) => Error::usage("help is for a terminal: `sf help COMMAND`"),
        }
    }
}

/// The whole grammar as clap knows it. Verbs of the screen are in it, hidden.
pub fn grammar() -> clap::Command {
    let mut root = clap::Command::new("sf")
        .version(env!("CARGO_PKG_VERSION"))
        .arg_required_else_help(false)
        .subcommand_required(false)
        .infer_subcommands(false)
        .max_term_width(100)
        // Taken out of the words before clap sees them; here for the help's sake.
        .arg(
            clap::Arg::new("batch")
                .long("batch")
                .action(ArgAction::SetTrue)
                .help("Run a command, a file of commands, or standard input (-); print JSON lines"),
        );
    for (group, about) in GROUPS {
        root = root.subcommand(
            clap::Command::new(*group).about(*about).subcommand_required(true).arg_required_else_help(true),
        );
    }
    for entry in Table.entries() {
        let leaf = |name: &'static str| {
            let hidden = matches!(entry.body, Body::Screen) || ["agent", "pause"].contains(&entry.name);
            (entry.augment)(clap::Command::new(name)).hide(hidden)
        };
        root = match entry.name.split_once(' ') {
            None => root.subcommand(leaf(entry.name)),
            Some((group, verb)) => root.mut_subcommand(group, |g| g.subcommand(leaf(verb))),
        };
    }
    // Last: flattened arguments bring their own description.
    Globals::augment_args(root)
        .about("The cockpit for people who run AI coding agents on more than one machine")
        .long_about(
            "The cockpit for people who run AI coding agents on more than one machine.\n\n\
             Without a command it opens full screen. With --batch it reads commands from its \
             arguments, a file or standard input and prints JSON lines.",
        )
}

/// Understands a line, given as words without the program's name.
///
/// # Errors
/// [`Refused::Help`] for `--help` and `--version`, else a `usage` error in clap's words.
pub fn parse(words: &[String]) -> std::result::Result<Parsed, Refused> {
    match read(words)? {
        Line::Command(parsed) => Ok(*parsed),
        Line::Bare(_) => {
            Err(Refused::Wrong(Error::usage("no command is named").hint("`sf help` lists the commands")))
        }
    }
}

/// What a command line holds.
pub enum Line {
    /// Options alone: the cockpit.
    Bare(Globals),
    /// A command.
    Command(Box<Parsed>),
}

/// The same for the command line, where no command means the cockpit.
///
/// # Errors
/// Those of [`parse`].
pub fn read(words: &[String]) -> std::result::Result<Line, Refused> {
    let argv = std::iter::once("sf".to_owned()).chain(words.iter().cloned());
    let matches = grammar().try_get_matches_from(argv).map_err(|e| refuse(&e))?;
    let Some((entry, leaf)) = find(&matches) else {
        return Globals::from_arg_matches(&matches).map(Line::Bare).map_err(|e| refuse(&e));
    };
    // Global options reach the innermost matches, wherever they stood.
    let globals = Globals::from_arg_matches(leaf).map_err(|e| refuse(&e))?;
    let args = (entry.read)(leaf).map_err(Refused::Wrong)?;
    Ok(Line::Command(Box::new(Parsed { entry, args, globals, line: join(words) })))
}

/// Whether an option of no command takes a value as its next word: `--jobs 4`.
pub fn takes_value(word: &str) -> bool {
    let globals = Globals::augment_args(clap::Command::new("sf"));
    globals.get_arguments().any(|arg| {
        let named = arg.get_long().is_some_and(|l| word.strip_prefix("--") == Some(l));
        named && arg.get_action().takes_values()
    })
}

/// Whether a word begins a command: a command's name or a group's.
pub fn is_command(word: &str) -> bool {
    word == "help" || Table.entries().iter().any(|e| e.name.split(' ').next() == Some(word))
}

/// Splits a line into words as a shell does, with `#` comments.
///
/// # Errors
/// `usage` when a quote is not closed.
pub fn split(line: &str) -> Result<Vec<String>> {
    shlex::split(line).ok_or_else(|| Error::usage("a quote is not closed"))
}

/// Joins words into a line that [`split`] takes apart again.
pub fn join(words: &[String]) -> String {
    // A word with a NUL byte cannot come from a command line; show the rest of the line at least.
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
}

/// The innermost subcommand that is a row of the table.
fn find(matches: &ArgMatches) -> Option<(&'static Entry, &ArgMatches)> {
    let (mut name, mut at) = matches.subcommand().map(|(name, m)| (name.to_owned(), m))?;
    while let Some((verb, inner)) = at.subcommand() {
        name = format!("{name} {verb}");
        at = inner;
    }
    Some((Table.find(&name)?, at))
}

/// clap's error in our form: the first line is the message, its tips and the usage are hints.
fn refuse(e: &clap::Error) -> Refused {
    use clap::error::ErrorKind;
    let text = e.to_string();
    match e.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => return Refused::Help(text),
        _ => {}
    }
    let mut lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let mut message =
        lines.next().unwrap_or("the command line is wrong").trim_start_matches("error: ").to_owned();
    let mut hints = Vec::new();
    for line in lines {
        match line.strip_prefix("tip: ") {
            Some(tip) => hints.push(tip.to_owned()),
            None if line.starts_with("Usage:") => hints.push(line.to_owned()),
            None if line.starts_with("For more information") => {}
            // The names of missing arguments, the possible values.
            None => {
                message.push(' ');
                message.push_str(line);
            }
        }
    }
    Refused::Wrong(Error { code: Code::Usage, message, hints })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        split(line).expect("words")
    }

    #[test]
    fn the_grammar_is_sound() {
        grammar().debug_assert();
    }

    #[test]
    fn global_options_stand_anywhere() {
        for line in ["--json version", "version --json", "config get jobs --json --jobs 3"] {
            let parsed = parse(&words(line)).unwrap_or_else(|_| panic!("{line}"));
            assert!(parsed.globals.json, "{line}");
        }
    }

    #[test]
    fn a_wrong_line_says_what_is_wrong() {
        let Err(Refused::Wrong(e)) = parse(&words("confg show")) else { panic!("accepted") };
        assert_eq!(e.code, Code::Usage);
        assert!(e.message.contains("confg"), "{e}");
        let Err(Refused::Wrong(e)) = parse(&words("config get")) else { panic!("accepted") };
        assert!(e.message.contains("KEY"), "{e}");
        assert!(matches!(parse(&words("version --help")), Err(Refused::Help(_))));
        assert!(parse(&[]).is_err());
    }

    #[test]
    fn lines_survive_being_split_and_joined() {
        let line = "session send x 'a b' \"it's\" # not this";
        let parts = words(line);
        assert_eq!(parts.last().map(String::as_str), Some("it's"));
        assert_eq!(words(&join(&parts)), parts);
        assert!(split("'open").is_err());
    }
}
