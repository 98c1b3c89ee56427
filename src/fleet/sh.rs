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

/// Gives the script the `PATH` of a login, which is where people's tools are; ssh starts commands
/// without it. A login shell of any kind is asked through the program `env`. Its answer goes to a
/// file, because what a profile leaves running in the background would hold a pipe open; one that
/// hangs is given up where there is a `timeout`.
pub const LOGIN_PATH: &str = r#"if f=$(mktemp "${TMPDIR:-/tmp}/sf.XXXXXXXXXX"); then
  limit=
  command -v timeout >/dev/null 2>&1 && limit='timeout 5'
  echo env | $limit "${SHELL:-/bin/sh}" -l >"$f" 2>/dev/null
  found=$(sed -n 's/^PATH=//p' "$f" | tail -n 1)
  PATH=${found:-$PATH}
  rm -f "$f"
fi
for f in "$HOME/.local/bin" "$HOME/bin" /usr/local/bin /opt/homebrew/bin; do
  case ":$PATH:" in *":$f:"*) ;; *) PATH="$PATH:$f" ;; esac
done
export PATH
"#;

/// The same folders for a `PATH` that was asked for otherwise: where tools are put that no profile knows.
pub fn with_usual_folders(path: &str, home: &str) -> String {
    let usual = [
        format!("{home}/.local/bin"),
        format!("{home}/bin"),
        "/usr/local/bin".into(),
        "/opt/homebrew/bin".into(),
    ];
    usual.into_iter().fold(path.to_owned(), |path, folder| match path.split(':').any(|part| part == folder) {
        true => path,
        false => format!("{path}:{folder}"),
    })
}

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
        assert_eq!(echoed(&folder(Some("code"))), "/home/dev/code.");
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
