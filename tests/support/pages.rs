//! Pages of `docs/` that list tests by name.

use std::fs;
use std::path::Path;

/// The page names every test in a folder below `tests/`, and no other: rows of its table begin with the
/// name.
pub fn lists_every_case(page: &str, folder: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join(page)).expect("the page");
    let mut listed: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name.to_owned())
        .collect();
    let mut cases = Vec::new();
    for entry in fs::read_dir(root.join(folder)).expect("the cases") {
        let path = entry.expect("there").path();
        let text = fs::read_to_string(&path).expect("a file");
        let lines: Vec<&str> = text.lines().collect();
        let of_tests = lines
            .windows(2)
            .filter(|pair| pair[0].starts_with("#[test]") || pair[0].starts_with("#[tokio::test"));
        let names = of_tests.filter_map(|pair| {
            let line = pair[1].trim_start_matches("async ");
            line.strip_prefix("fn ")?.split_once('(').map(|(name, _)| name)
        });
        cases.extend(names.filter(|name| *name != "the_page_lists_every_case").map(str::to_owned));
    }
    listed.sort();
    cases.sort();
    assert!(cases.len() >= 25, "{} cases", cases.len());
    assert_eq!(listed, cases, "{page} (left) lists the cases of {folder} (right)");
}
