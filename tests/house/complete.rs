//! Nothing is forgotten: commands are in the table, tools in their list, tests in their module.

use std::path::Path;

use session_forge::command::{line, table};
use session_forge::engine::Catalog;

use super::{root, rust_files};

#[test]
fn every_command_file_is_in_the_table() {
    let table = std::fs::read_to_string(root().join("src/command/table.rs")).expect("table.rs");
    let mut missing = Vec::new();
    for file in rust_files(&root().join("src/command")) {
        let text = std::fs::read_to_string(&file).expect("a source file");
        for kind in ["impl Command for ", "impl Stream for "] {
            for at in text.match_indices(kind).map(|(at, _)| at + kind.len()) {
                let name: String = text[at..].chars().take_while(|c| c.is_alphanumeric()).collect();
                if !table.contains(&format!("::{name}>")) {
                    missing.push(format!("{}: {name}", file.display()));
                }
            }
        }
    }
    assert!(missing.is_empty(), "not in the table:\n{}", missing.join("\n"));
}

#[test]
fn names_in_the_table_are_unique_and_every_group_is_used() {
    let mut names: Vec<&str> = table::Table.entries().iter().map(|e| e.name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "a name stands twice");
    for (group, _) in table::GROUPS {
        assert!(names.iter().any(|n| n.starts_with(&format!("{group} "))), "group `{group}` is empty");
    }
}

#[test]
fn every_command_describes_itself_and_its_arguments() {
    let mut silent = Vec::new();
    let mut todo: Vec<(String, clap::Command)> =
        line::grammar().get_subcommands().map(|c| (c.get_name().to_owned(), c.clone())).collect();
    while let Some((name, command)) = todo.pop() {
        if command.get_about().is_none() {
            silent.push(name.clone());
        }
        for arg in command.get_arguments().filter(|a| a.get_help().is_none() && !a.is_hide_set()) {
            silent.push(format!("{name} {}", arg.get_id()));
        }
        todo.extend(command.get_subcommands().map(|c| (format!("{name} {}", c.get_name()), c.clone())));
    }
    assert!(silent.is_empty(), "without a description: {silent:?}");
}

#[test]
fn every_tool_file_is_in_the_list() {
    let list = std::fs::read_to_string(root().join("src/tool/mod.rs")).expect("tool/mod.rs");
    for entry in std::fs::read_dir(root().join("src/tool")).expect("src/tool") {
        let path = entry.expect("an entry").path();
        let Some(name) = path.file_name().and_then(|n| n.to_str()).and_then(|n| n.strip_suffix(".rs")) else {
            continue;
        };
        let text = std::fs::read_to_string(&path).expect("a source file");
        if name != "mod" && text.contains("impl Tool for") {
            let uses = list.matches(&format!("{name}::")).count();
            assert!(uses > 0, "tool file {name}.rs is not in the list of tool/mod.rs");
        }
    }
}

#[test]
fn every_test_file_is_a_module() {
    let tests = root().join("tests");
    for file in rust_files(&tests) {
        let name = file.file_stem().and_then(|n| n.to_str()).expect("a name");
        let dir = file.parent().expect("a folder");
        if (name == "main" && dir == tests) || dir.starts_with(tests.join("fixtures")) {
            continue;
        }
        let (parent, word) = if name == "mod" {
            (owner(dir.parent().expect("a folder"), &tests), dir.file_name().and_then(|n| n.to_str()))
        } else {
            (owner(dir, &tests), Some(name))
        };
        let text = std::fs::read_to_string(&parent).unwrap_or_default();
        let word = word.expect("a name");
        assert!(
            text.contains(&format!("mod {word};")),
            "{} is not listed in {}",
            file.display(),
            parent.display()
        );
    }
}

/// The file that lists the modules of a folder.
fn owner(dir: &Path, tests: &Path) -> std::path::PathBuf {
    if dir == tests { tests.join("main.rs") } else { dir.join("mod.rs") }
}
