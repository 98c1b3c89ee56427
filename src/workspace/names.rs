//! What people may call branches and where repositories may come from.

use crate::error::{Error, Result};

/// Checks a branch name by the rules of `git check-ref-format --branch` (git-check-ref-format(1)).
///
/// # Errors
/// `usage` with the rule that is broken.
pub fn check_branch(name: &str) -> Result<()> {
    let bad = |why: &str| Err(Error::usage(format!("branch {name:?} {why}")));
    if name.is_empty() {
        return bad("is empty");
    }
    if name.len() > 200 {
        return bad("is longer than 200 bytes");
    }
    if name == "@" || name == "HEAD" || name.starts_with("refs/") {
        return bad("means something else to git");
    }
    if name.starts_with('-') {
        return bad("begins with `-`");
    }
    if let Some(c) = name.chars().find(|c| c.is_control() || " ~^:?*[\\".contains(*c)) {
        return bad(&format!("holds {c:?}"));
    }
    if name.contains("..") || name.contains("@{") {
        return bad("holds `..` or `@{`");
    }
    if name.ends_with('.') {
        return bad("ends in `.`");
    }
    let part = |p: &str| p.is_empty() || p.starts_with('.') || p.ends_with(".lock");
    if name.split('/').any(part) {
        return bad("has a part that is empty, begins with `.` or ends in `.lock`");
    }
    Ok(())
}

/// Checks where a repository comes from: anything that `git clone` takes, and nothing that it
/// would take for an option.
///
/// # Errors
/// `usage`.
pub fn check_url(url: &str) -> Result<()> {
    let bad = |why: &str| Err(Error::usage(format!("URL {url:?} {why}")));
    if url.is_empty() {
        return bad("is empty");
    }
    if url.starts_with('-') {
        return bad("begins with `-`");
    }
    if url.chars().any(char::is_control) {
        return bad("holds a control character");
    }
    // Such a URL runs a program of its own choice (gitremote-helpers(7)).
    if url.starts_with("ext::") || url.starts_with("fd::") {
        return bad("would run a command");
    }
    Ok(())
}

/// Whether a URL carries a password, which then lies in git's and in our files.
pub fn has_password(url: &str) -> bool {
    let authority = url.split_once("://").and_then(|(_, rest)| rest.split('/').next());
    let user = authority.and_then(|a| a.rsplit_once('@')).map(|(user, _)| user);
    user.and_then(|u| u.split_once(':')).is_some_and(|(_, password)| !password.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::proc::blocking_command;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        /// We may be stricter than git, never laxer.
        #[test]
        fn git_takes_every_branch_that_we_take(name in "[a-b@{}./~^:*\\[\\\\ \u{1}ü-]{1,8}|(a/)?[a-c]{1,3}(\\.lock)?") {
            if check_branch(&name).is_ok() {
                let git = blocking_command("git").args(["check-ref-format", "--branch", &name]).status();
                prop_assert!(git.expect("git runs").success(), "{:?}", name);
            }
        }
    }

    #[test]
    fn ordinary_branches_are_taken() {
        for good in ["main", "feat/payments", "release-1.2", "a/b/c", "ümlaut", "a@b"] {
            check_branch(good).expect(good);
        }
    }

    #[test]
    fn urls_that_git_would_take_for_options_or_commands_are_refused() {
        for bad in ["", "--upload-pack=x", "a\nb", "ext::sh -c x"] {
            assert_eq!(check_url(bad).expect_err(bad).code.exit(), 2);
        }
        for good in ["git@host:a/b.git", "https://host/a", "/srv/git/a b.git", "../a"] {
            check_url(good).expect(good);
        }
    }

    #[test]
    fn passwords_are_seen() {
        assert!(has_password("https://me:secret@host/a"));
        assert!(!has_password("https://me@host/a:b@c"));
        assert!(!has_password("git@host:a/b"));
    }
}
