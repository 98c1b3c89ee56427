//! The names of hosts in ssh configurations: ssh_config(5), as far as names go.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Files that include each other are followed so deep, as OpenSSH does.
const DEPTH: usize = 16;

/// The names after `Host` that are no patterns, each once, in order of their first mention. Files
/// that cannot be read hold none. Blocking.
pub fn of(files: &[PathBuf], home: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut seen = BTreeSet::new();
    for file in files {
        read(file, home, DEPTH, &mut |name| {
            if seen.insert(name.to_owned()) {
                names.push(name.to_owned());
            }
        });
    }
    names
}

fn read(file: &Path, home: &Path, depth: usize, take: &mut dyn FnMut(&str)) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let Ok(bytes) = std::fs::read(file) else { return };
    for line in String::from_utf8_lossy(&bytes).lines() {
        let Some((keyword, words)) = directive(line) else { continue };
        match keyword.to_ascii_lowercase().as_str() {
            "host" => words.iter().filter(|word| !word.contains(['*', '?', '!'])).for_each(|word| take(word)),
            "include" => {
                for word in &words {
                    included(word, home).iter().for_each(|file| read(file, home, depth, take));
                }
            }
            _ => {}
        }
    }
}

/// A line's keyword and arguments: `Key value`, `Key=value`, quotes, `#` at the start.
fn directive(line: &str) -> Option<(&str, Vec<String>)> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let end = line.find(|c: char| c.is_whitespace() || c == '=')?;
    let (keyword, rest) = line.split_at(end);
    let rest = rest.trim_start().strip_prefix('=').unwrap_or(rest);
    let words = shlex::split(rest).unwrap_or_else(|| rest.split_whitespace().map(str::to_owned).collect());
    Some((keyword, words))
}

/// The files that an `Include` means: relative to `~/.ssh`, with `*` in the last part.
fn included(word: &str, home: &Path) -> Vec<PathBuf> {
    let path = match word.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => home.join(".ssh").join(word),
    };
    let Some((before, after)) = path.file_name().and_then(|n| n.to_str()).and_then(|n| n.split_once('*'))
    else {
        return vec![path];
    };
    let dir = path.parent().unwrap_or(home);
    let mut found: Vec<PathBuf> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        })
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_found_and_patterns_are_not() {
        let home = tempfile::tempdir().expect("a folder");
        let ssh = home.path().join(".ssh");
        std::fs::create_dir_all(ssh.join("conf.d")).expect("made");
        let text = "# Host not\nInclude conf.d/*.conf\nHost gpu-01 gpu-02 *.example.org !bad\n  User me\n\
                    host=\"jump\"\nHost gpu-01\nMatch host x\nHost *\nInclude config\n";
        std::fs::write(ssh.join("config"), text).expect("written");
        std::fs::write(ssh.join("conf.d/a.conf"), "Host lab\n").expect("written");
        std::fs::write(ssh.join("conf.d/b.txt"), "Host other\n").expect("written");
        let names = of(&[home.path().join("none"), ssh.join("config")], home.path());
        assert_eq!(names, ["lab", "gpu-01", "gpu-02", "jump"]);
    }

    proptest! {
        #[test]
        fn any_line_is_read(line in "\\PC*") {
            let _ = directive(&line);
            let _ = included(&line, Path::new("/nonexistent"));
        }
    }
}
