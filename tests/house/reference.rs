//! The reference in the README is derived from the grammar; `SF_BLESS=1` writes it anew.

use std::fmt::Write;

use session_forge::command::{line, table};

use super::root;

const BEGIN: &str = "<!-- reference: begin -->";
const END: &str = "<!-- reference: end -->";

/// A table row for every command.
fn reference() -> String {
    let grammar = line::grammar();
    let mut text = String::from("\n| command | does |\n| --- | --- |\n");
    let mut names: Vec<&str> = table::commands().map(|e| e.name).collect();
    names.sort_unstable();
    for name in names {
        let mut command = &grammar;
        for word in name.split(' ') {
            command = command.find_subcommand(word).expect("a command of the table");
        }
        if command.is_hide_set() {
            continue;
        }
        let arguments: Vec<String> = command.get_positionals().map(argument).collect();
        let options: Vec<String> = command
            .get_arguments()
            .filter(|a| !a.is_positional() && !a.is_hide_set())
            .filter_map(|a| a.get_long())
            .filter(|l| *l != "help" && *l != "version")
            .map(|l| format!("`--{l}`"))
            .collect();
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let options = if options.is_empty() { String::new() } else { format!(" ({})", options.join(" ")) };
        let words = [&[name.to_owned()], arguments.as_slice()].concat().join(" ");
        writeln!(text, "| `{words}` | {}{options} |", about.replace('|', "\\|")).expect("text");
    }
    text
}

fn argument(arg: &clap::Arg) -> String {
    let name = arg.get_id().as_str().to_uppercase();
    let many = if arg.get_num_args().is_some_and(|n| n.max_values() > 1) { "…" } else { "" };
    if arg.is_required_set() { format!("{name}{many}") } else { format!("[{name}{many}]") }
}

#[test]
fn the_readme_tells_every_command() {
    let path = root().join("README.md");
    let readme = std::fs::read_to_string(&path).expect("README.md");
    let (before, rest) = readme.split_once(BEGIN).expect("the begin mark");
    let (old, after) = rest.split_once(END).expect("the end mark");
    let new = reference();
    if old == new {
        return;
    }
    #[expect(clippy::disallowed_methods, reason = "tests are not sealed against their own switches")]
    let bless = std::env::var_os("SF_BLESS").is_some();
    assert!(bless, "the reference in README.md is out of date; write it anew with SF_BLESS=1");
    std::fs::write(&path, format!("{before}{BEGIN}{new}{END}{after}")).expect("README.md");
}
