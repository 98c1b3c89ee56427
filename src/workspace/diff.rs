//! What is different in a worktree: staged, not staged, and committed since the base.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::tree;
use super::unit::Unit;
use crate::error::{Error, Result};
use crate::fleet::{Host, Step};

/// The most bytes of a difference that are told.
pub const TEXT_MAX: usize = 1 << 20;

/// The differences of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The files.
    pub files: Vec<File>,
    /// The difference in unified form, at most [`TEXT_MAX`] bytes.
    pub text: String,
    /// Whether the text was cut off.
    pub truncated: bool,
}

/// A file that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its path in the repository; strange characters quoted as git does.
    pub path: String,
    /// Git's letter: `A`, `D`, `M`, `T`, `U`.
    pub status: String,
    /// Lines that are new; `None` for a binary file.
    pub added: Option<u64>,
    /// Lines that are gone; `None` for a binary file.
    pub deleted: Option<u64>,
}

/// Everything that is different in a worktree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differences {
    /// Where it is.
    pub path: Option<String>,
    /// What is checked out; `None` when detached.
    pub branch: Option<String>,
    /// The branch that it is compared with.
    pub base: Option<String>,
    /// Index against the last commit.
    pub staged: Difference,
    /// Files against the index.
    pub unstaged: Difference,
    /// The last commit against where it left the base.
    pub committed: Difference,
    /// Files that git does not know.
    pub untracked: Vec<String>,
}

/// Compares what `kind` says. A base that cannot be found leaves nothing to compare with.
const COMPARE: &str = r#"cd "$W" || exit 1
case $kind in
staged) set -- --cached ;;
unstaged) set -- ;;
committed)
  from=$(git merge-base HEAD "${base:-HEAD}" 2>/dev/null) || exit 0
  set -- "$from" HEAD ;;
esac
d() { git -c core.quotePath=false diff --no-ext-diff --no-textconv --no-color --no-renames "$@"; }
"#;

/// Looks at a worktree.
///
/// # Errors
/// `not_found` when it is not there; when the host cannot be asked.
pub async fn diff(host: &dyn Host, root: Option<&str>, unit: &Unit) -> Result<Differences> {
    let max = TEXT_MAX + 1;
    let kind = |kind: &str, what: &str| Step {
        script: format!("{}{}kind={kind}\n{COMPARE}{what}\n", unit.variables(root), tree::refs()),
        lane: 0,
    };
    let mut steps = vec![Step { script: tree::observe(unit, root), lane: 0 }];
    for name in ["staged", "unstaged", "committed"] {
        steps.push(kind(name, "d --name-status \"$@\" && d --numstat \"$@\""));
        steps.push(kind(name, &format!("d \"$@\" | head -c {max}")));
    }
    steps.push(kind("unstaged", "git -c core.quotePath=false ls-files -o --exclude-standard"));
    let outputs = host.steps(steps, 1).await?;
    let [seen, kinds @ .., untracked] = outputs.as_slice() else {
        return Err(Error::internal("a step without an answer"));
    };
    let seen = tree::there(&seen.stdout, unit, host.name())?;
    let mut all = kinds.chunks_exact(2).map(|pair| {
        let [list, text] = pair else { return Ok(Difference::default()) };
        if list.status != 0 {
            return Err(super::lock::failure(list));
        }
        Ok(read(&list.stdout, &text.stdout))
    });
    let mut next = || all.next().unwrap_or_else(|| Ok(Difference::default()));
    Ok(Differences {
        staged: next()?,
        unstaged: next()?,
        committed: next()?,
        untracked: untracked.stdout.lines().map(str::to_owned).collect(),
        path: seen.path,
        branch: seen.head,
        base: seen.base,
    })
}

/// Reads `--name-status` and `--numstat`, one after the other, and the text.
fn read(list: &str, text: &str) -> Difference {
    let mut counts = BTreeMap::new();
    let mut files = Vec::new();
    for line in list.lines() {
        let fields: Vec<&str> = line.splitn(3, '\t').collect();
        match fields.as_slice() {
            [status, path] => files.push(((*status).to_owned(), (*path).to_owned())),
            [added, deleted, path] => {
                let _ = counts.insert((*path).to_owned(), (added.parse().ok(), deleted.parse().ok()));
            }
            _ => {}
        }
    }
    let files = files.into_iter().map(|(status, path)| {
        let (added, deleted) = counts.get(&path).copied().unwrap_or_default();
        File { path, status, added, deleted }
    });
    let truncated = text.len() > TEXT_MAX;
    let mut end = TEXT_MAX.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Difference { files: files.collect(), text: text[..end].to_owned(), truncated }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn files_are_read_with_their_counts() {
        let read = read("M\ta b\nA\tbin\n2\t1\ta b\n-\t-\tbin\n", "diff");
        assert_eq!(
            read.files[0],
            File { path: "a b".into(), status: "M".into(), added: Some(2), deleted: Some(1) }
        );
        assert_eq!((read.files[1].added, read.truncated), (None, false));
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let cut = read("", &"ü".repeat(TEXT_MAX));
        assert!(cut.truncated && cut.text.len() <= TEXT_MAX);
    }

    proptest! {
        #[test]
        fn any_list_is_read(list in "([AMD]\t[a-z ]{0,5}\n|[0-9-]{1,3}\t[0-9-]{0,3}\t?[a-z]{0,4}\n?){0,6}") {
            let _ = read(&list, "");
        }
    }
}
