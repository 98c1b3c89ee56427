//! Words and paths of POSIX shell. Everything that is not ours goes through [`quote`].

/// A word that the shell takes literally: in single quotes, unless it is plainly harmless.
pub fn quote(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-+:@%,=".contains(&b);
    if !word.is_empty() && !word.starts_with(['-', '=']) && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A shell expression for the folder that the user named on a host: `None` and `~` are the
/// login's home, `~/x` and `x` lie below it.
pub fn folder(path: Option<&str>) -> String {
    let path = path.unwrap_or("~");
    let below = match path.strip_prefix('~') {
        Some(rest) => rest.trim_matches('/'),
        None if path.starts_with('/') => {
            let trimmed = path.trim_end_matches('/');
            return quote(if trimmed.is_empty() { "/" } else { trimmed });
        }
        None => path.trim_matches('/'),
    };
    if below.is_empty() { "\"${HOME%/}\"".to_owned() } else { format!("\"${{HOME%/}}\"/{}", quote(below)) }
}

/// A shell expression for the folder of sf's own data on a host: its `SF_HOME`, else its XDG folder.
pub const DATA_DIR: &str = r#""${SF_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/sf}""#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::proc::blocking_command;
    use proptest::prelude::*;

    fn echoed(expression: &str) -> String {
        let out = blocking_command("/bin/sh")
            .args(["-c", &format!("printf '%s.' {expression}")])
            .env("HOME", "/home/dev")
            .stdout(std::process::Stdio::piped())
            .output()
            .expect("sh runs");
        String::from_utf8(out.stdout).expect("UTF-8")
    }

    #[test]
    fn folders_are_below_home_unless_absolute() {
        assert_eq!(echoed(&folder(None)), "/home/dev.");
        assert_eq!(echoed(&folder(Some("~"))), "/home/dev.");
        assert_eq!(echoed(&folder(Some("~/a b/"))), "/home/dev/a b.");
        assert_eq!(echoed(&folder(Some("work"))), "/home/dev/work.");
        assert_eq!(echoed(&folder(Some("/srv/$x/"))), "/srv/$x.");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_word_survives_the_shell(word in "[^\0]{0,40}") {
            prop_assert_eq!(echoed(&quote(&word)), format!("{word}."));
        }
    }
}
