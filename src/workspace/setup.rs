//! What a new worktree needs before one can work in it: submodules, files, a command. Done once; what
//! was interrupted or failed is done again by the next sync, because a mark in git's own folder of the
//! worktree stays until all of it is done.

use crate::error::{Error, Result};
use crate::fleet::sh::{LOGIN_PATH, folder, quote};
use crate::model::workspace::RepoOptions;

/// Marks a worktree that was just made; empty when it needs nothing.
pub(super) fn mark(options: &RepoOptions) -> &'static str {
    if options.wants_setup() {
        "[ -z \"${made:-}\" ] || { own=$(cd \"$W\" && git rev-parse --absolute-git-dir) && : >\"$own/sf-setup\"; } || exit 1\n"
    } else {
        ""
    }
}

/// Never writes over what is there.
const PUT: &str = r#"put() { # how from to
  { [ ! -e "$3" ] && [ ! -L "$3" ]; } || return 0
  [ -e "$2" ] || { echo "$2 is not there, and should be in new worktrees as $3" >&2; exit 1; }
  case $3 in */*) mkdir -p "${3%/*}" || exit 1 ;; esac
  if [ "$1" = link ]; then ln -s "$2" "$3"; else cp -R "$2" "$3"; fi || exit 1
}
"#;

/// Does what the mark asks for; nothing where there is none.
pub(super) fn script(options: &RepoOptions) -> String {
    if !options.wants_setup() {
        return String::new();
    }
    let mut work = String::new();
    if options.submodules {
        work.push_str("git submodule --quiet update --init --recursive || exit 1\n");
    }
    for (how, files) in [("copy", &options.copy), ("link", &options.link)] {
        for file in files {
            let (from, to) = parts(file);
            work.push_str(&format!("put {how} {} {}\n", folder(Some(from)), quote(to)));
        }
    }
    if let Some(command) = &options.setup {
        work.push_str(LOGIN_PATH);
        work.push_str(&format!(
            "( eval {} ) >\"$own/sf-setup.log\" 2>&1 </dev/null || {{ s=$?; echo \"the set-up command ended with status $s:\" >&2; tail -n 3 \"$own/sf-setup.log\" >&2; exit 1; }}\n",
            quote(command)
        ));
    }
    format!(
        "own=$(cd \"$W\" && git rev-parse --absolute-git-dir) || exit 1\nif [ -e \"$own/sf-setup\" ]; then\n{PUT}(\ncd \"$W\" || exit 1\n{work}) || exit 1\n\
         rm -f \"$own/sf-setup\" && echo set-up\nfi\n"
    )
}

/// Where a file comes from, and its place in the worktree: its own name unless another is given.
fn parts(file: &str) -> (&str, &str) {
    file.split_once(':')
        .unwrap_or_else(|| (file, file.trim_end_matches('/').rsplit('/').next().unwrap_or(file)))
}

/// Checks what the user gives.
///
/// # Errors
/// `usage`.
pub fn check(options: &RepoOptions) -> Result<()> {
    if let Some(filter) = &options.filter {
        let known = ["blob:none", "tree:0"].contains(&filter.as_str())
            || filter.strip_prefix("blob:limit=").is_some_and(|n| {
                let digits = n.trim_end_matches(['k', 'm', 'g']);
                !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
            });
        if !known {
            return Err(Error::usage(format!("--filter {filter:?} is none that sf knows"))
                .hint("`blob:none`, `tree:0` or `blob:limit=1m`"));
        }
    }
    let texts = options.reference.iter().chain(&options.copy).chain(&options.link);
    if let Some(bad) = texts.clone().find(|text| text.is_empty() || text.chars().any(char::is_control)) {
        return Err(Error::usage(format!("{bad:?} is empty or holds a control character")));
    }
    for file in options.copy.iter().chain(&options.link) {
        let (from, to) = parts(file);
        let escapes =
            to.starts_with(['/', '-', '~']) || to.split('/').any(|part| part == ".." || part == ".git");
        if from.is_empty() || to.is_empty() || escapes {
            return Err(Error::usage(format!("{file:?} leads out of the worktree"))
                .hint("FROM is a path on the host, below the login's home unless it is absolute; TO is one in the worktree"));
        }
    }
    if options.setup.as_deref().is_some_and(|command| command.trim().is_empty() || command.contains('\0')) {
        return Err(Error::usage("--setup is empty"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copying(file: &str) -> RepoOptions {
        RepoOptions { copy: vec![file.into()], ..RepoOptions::default() }
    }

    #[test]
    fn files_stay_in_the_worktree() {
        for good in ["~/env/core.env:.env", "/etc/x", "conf/:etc/conf"] {
            check(&copying(good)).expect(good);
        }
        for bad in ["", "a:../b", "a:/b", "a:", ":b", "a:.git/hooks/x", "a\nb", "a:-x", "a/.."] {
            assert_eq!(check(&copying(bad)).expect_err(bad).code.exit(), 2);
        }
        assert_eq!(parts("~/env/core.env"), ("~/env/core.env", "core.env"));
    }

    #[test]
    fn filters_are_those_of_git() {
        let filter = |f: &str| RepoOptions { filter: Some(f.into()), ..RepoOptions::default() };
        for good in ["blob:none", "tree:0", "blob:limit=10k"] {
            check(&filter(good)).expect(good);
        }
        for bad in ["", "blob", "blob:limit=", "sparse:path=x", "--upload-pack=x"] {
            assert!(check(&filter(bad)).is_err(), "{bad}");
        }
    }
}
