//! Imports follow the table in the documentation of `src/lib.rs`, and packages have one owner.

use std::collections::BTreeMap;
use std::path::Path;

use super::{code, root, rust_files};

/// The rows of the two tables of `lib.rs`: first column, second column's words.
fn tables() -> (BTreeMap<String, Vec<String>>, BTreeMap<String, Vec<String>>) {
    let text = std::fs::read_to_string(root().join("src/lib.rs")).expect("lib.rs");
    let (mut layers, mut owners) = (BTreeMap::new(), BTreeMap::new());
    let mut in_owners = false;
    for line in text.lines().filter_map(|l| l.strip_prefix("//! ")) {
        in_owners |= line.starts_with("| package");
        let words: Vec<&str> = line.split('`').skip(1).step_by(2).collect();
        if let (true, [first, rest @ ..]) = (line.starts_with("| `"), words.as_slice()) {
            let table = if in_owners { &mut owners } else { &mut layers };
            table.insert((*first).to_owned(), rest.iter().map(|w| (*w).to_owned()).collect());
        }
    }
    assert!(layers.len() > 10 && owners.len() > 4, "the tables of lib.rs were not found");
    (layers, owners)
}

/// The layer of a file: its first folder below `src`, or its own name.
fn layer(file: &Path) -> String {
    let below = file.strip_prefix(root().join("src")).expect("a file of src");
    let first = below.iter().next().expect("a name").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Every path after `crate::` in a piece of code.
fn paths(code: &str) -> Vec<String> {
    let wanted = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    code.match_indices("crate::")
        // `$crate::` in macros is the same thing; a word that merely ends in `crate` is not.
        .filter(|(at, _)| !code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        .map(|(at, word)| {
            let rest = &code[at + word.len()..];
            rest[..rest.find(|c| !wanted(c)).unwrap_or(rest.len())].to_owned()
        })
        .collect()
}

/// What is wrong with the imports of a file of a layer.
fn offences(layer: &str, code: &str, layers: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let Some(allowed) = layers.get(layer) else {
        return vec![format!("layer `{layer}` is not in the table of lib.rs")];
    };
    let fits = |path: &str, allowed: &str| path == allowed || path.starts_with(&format!("{allowed}::"));
    paths(code)
        .into_iter()
        .filter(|path| !fits(path, layer) && !allowed.iter().any(|a| fits(path, a)))
        .map(|path| match path.as_str() {
            "" => "a group right behind `crate::` hides what is imported".to_owned(),
            path => format!("`{layer}` may not import `{path}`"),
        })
        .collect()
}

#[test]
fn imports_follow_the_table() {
    let (layers, _) = tables();
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")) {
        let layer = layer(&file);
        if layer == "lib" || layer == "main" {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("a source file");
        let found = offences(&layer, &code(&text), &layers);
        wrong.extend(found.into_iter().map(|o| format!("{}: {o}", file.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_arrow_that_is_turned_round_is_found() {
    let (layers, _) = tables();
    let found = |layer: &str, text: &str| !offences(layer, &code(text), &layers).is_empty();
    assert!(found("store", "use crate::engine::Ctx;"));
    assert!(found("live", "fn f() { crate::workspace::sync(); }"), "siblings");
    assert!(found("cockpit", "use crate::live::holder::Holder;"), "only live::screen");
    assert!(found("model", "use crate::{sys, error};"));
    assert!(!found("cockpit", "use crate::live::screen::Screen;"));
    assert!(!found("store", "// use crate::engine::Ctx;\nuse crate::sys::Paths;"));
}

#[test]
fn the_layers_form_no_cycle() {
    let (layers, _) = tables();
    // `model` and `error` are one layer in two files.
    let free: [&str; 2] = ["model", "error"];
    let mut rest: Vec<&String> = layers.keys().filter(|l| !free.contains(&l.as_str())).collect();
    while !rest.is_empty() {
        let before = rest.len();
        let open = rest.clone();
        rest.retain(|layer| {
            layers[*layer].iter().any(|a| {
                let base = a.split("::").next().unwrap_or(a);
                open.iter().any(|o| o.as_str() == base)
            })
        });
        assert!(rest.len() < before, "these layers import each other in a circle: {rest:?}");
    }
}

#[test]
fn packages_have_one_owner() {
    let (_, owners) = tables();
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")) {
        let text = code(&std::fs::read_to_string(&file).expect("a source file"));
        let below = file.strip_prefix(root().join("src")).expect("below src").to_string_lossy().into_owned();
        for (package, owner) in &owners {
            let path = format!("{package}::");
            let used = text
                .match_indices(&path)
                .any(|(at, _)| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'));
            if used && !owner.iter().any(|o| below.starts_with(o.as_str())) {
                wrong.push(format!("{below} uses `{package}`, which belongs to {owner:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
