//! Text on its way to the clipboard: by a program of this desktop, or through the terminal (OSC 52).
//! Whether anybody took it cannot be known, so it is "sent".

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::sys::{Env, proc};

/// A program that takes longer hangs; the terminal gets the text as well.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the terminal runs in, which decides on how a sequence reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrap {
    /// Nothing lies between.
    Plain,
    /// tmux, which passes on what is wrapped.
    Tmux,
    /// GNU screen, which passes on short strings.
    Screen,
}

impl Wrap {
    /// What the environment says.
    pub fn of(env: &Env) -> Self {
        match (env.get("TMUX"), env.get("STY")) {
            (Some(_), _) => Self::Tmux,
            (None, Some(_)) => Self::Screen,
            (None, None) => Self::Plain,
        }
    }
}

/// The sequence that puts text into the terminal's clipboard.
pub fn sequence(text: &str, wrap: Wrap) -> Vec<u8> {
    let osc = format!("\x1b]52;c;{}\x07", base64(text.as_bytes()));
    match wrap {
        Wrap::Plain => osc.into_bytes(),
        // tmux takes the plain form with `set-clipboard on`, and passes on the wrapped one.
        Wrap::Tmux => format!("{osc}\x1bPtmux;{}\x1b\\", osc.replace('\x1b', "\x1b\x1b")).into_bytes(),
        // screen cuts strings at 768 bytes; the pieces arrive as one.
        Wrap::Screen => osc.as_bytes().chunks(700).flat_map(|p| [b"\x1bP", p, b"\x1b\\"].concat()).collect(),
    }
}

/// The program of this desktop that fills the clipboard; `None` when the person sits elsewhere.
fn native(env: &Env) -> Option<Vec<&'static str>> {
    if env.get("SSH_CONNECTION").is_some() || env.get("SSH_TTY").is_some() {
        return None;
    }
    let there = |name: &str| {
        let path = env.get("PATH").unwrap_or_default();
        path.split(':').any(|dir| Path::new(dir).join(name).is_file())
    };
    let choices: [(bool, Vec<&'static str>); 4] = [
        (cfg!(target_os = "macos"), vec!["pbcopy"]),
        (env.get("WAYLAND_DISPLAY").is_some(), vec!["wl-copy"]),
        (env.get("DISPLAY").is_some(), vec!["xclip", "-selection", "clipboard"]),
        (env.get("DISPLAY").is_some(), vec!["xsel", "--input", "--clipboard"]),
    ];
    choices.into_iter().find(|(fits, words)| *fits && words.first().is_some_and(|w| there(w))).map(|(_, w)| w)
}

/// Gives text to the program of this desktop, if there is one.
pub async fn give(text: &str, env: &Env) {
    let Some((program, words)) =
        native(env).as_deref().and_then(|w| w.split_first().map(|(p, w)| (*p, w.to_vec())))
    else {
        return;
    };
    let mut command = proc::command(program);
    command.args(words).env_clear().envs(env.vars());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let work = async {
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(text.as_bytes()).await?;
        }
        child.wait().await
    };
    if !matches!(tokio::time::timeout(PATIENCE, work).await, Ok(Ok(status)) if status.success()) {
        tracing::warn!("`{program}` did not take the text for the clipboard");
    }
}

/// The text of base64, if it is one of at least a character.
pub fn text(data: &str) -> Option<String> {
    let value = |byte: u8| {
        Some(u32::from(match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        }))
    };
    let mut bytes = Vec::with_capacity(data.len() / 4 * 3);
    for group in data.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = group.iter().try_fold(0, |bits, byte| Some(bits << 6 | value(*byte)?))?;
        let whole = (bits << (6 * (4 - group.len()))).to_be_bytes();
        bytes.extend_from_slice(whole.get(1..group.len())?);
    }
    String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}

/// Base64 as in RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let letter = ALPHABET[(group >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clipboard_is_written_in_base64() {
        for (text, wanted) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(text.as_bytes()), wanted);
            assert_eq!(super::text(wanted).unwrap_or_default(), text);
        }
        assert_eq!(sequence("f", Wrap::Plain), b"\x1b]52;c;Zg==\x07");
        let tmux = sequence("f", Wrap::Tmux);
        assert!(tmux.ends_with(b"\x1bPtmux;\x1b\x1b]52;c;Zg==\x07\x1b\\"), "{tmux:?}");
    }

    #[test]
    fn screen_gets_pieces_that_it_passes_on() {
        let long = "x".repeat(5000);
        let sent = String::from_utf8(sequence(&long, Wrap::Screen)).expect("text");
        let pieces: Vec<&str> = sent.split("\x1b\\").filter(|p| !p.is_empty()).collect();
        assert!(pieces.len() > 5 && pieces.iter().all(|p| p.len() < 768 && p.starts_with("\x1bP")));
        let joined: String = pieces.iter().map(|p| p.trim_start_matches("\x1bP")).collect();
        assert_eq!(joined.into_bytes(), sequence(&long, Wrap::Plain));
    }

    #[test]
    fn over_ssh_the_clipboard_is_elsewhere() {
        let env =
            |extra: &[(&str, &str)]| Env::of(extra.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        assert_eq!(
            native(&env(&[("DISPLAY", ":0"), ("SSH_CONNECTION", "a b c d"), ("PATH", "/usr/bin")])),
            None
        );
        assert_eq!(native(&env(&[("PATH", "/nowhere"), ("WAYLAND_DISPLAY", "w")])), None);
    }
}
