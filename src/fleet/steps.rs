//! Many pieces of shell in one round trip: one script out, one framed answer back.
//!
//! ```text
//! client                                /bin/sh -s on the host
//!   script on standard input  ------->  cd; private temporary folder
//!                                       lanes side by side, steps of a lane in order
//!   marker                    <-------  (a login shell may have said something before it)
//!   a status for each step
//!   `wc -c` of every output and error
//!   the outputs and errors themselves
//! ```
//!
//! The counts come before the bytes, so nothing a step prints can be mistaken for a frame. Only
//! `/bin/sh` sees the script: the login shell, whatever it is, is given the words `/bin/sh -s`.

use std::fmt::Write;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::host::{Output, Step};
use super::sh::quote;
use crate::error::{Error, Result};

/// The most that the steps of one round trip may say. A host that says more is broken or hostile.
const ANSWER_MAX: u64 = 256 << 20;

/// What every script stands on: the home folder, git that never asks and never inherits the
/// repository of a hook that we were started from, and a locale whose messages we can read. Slow
/// transfers end by themselves, because nobody on the host would end them after the link is gone.
const PRELUDE: &str = r#"cd "${HOME:-/}" 2>/dev/null || cd /
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_COMMON_DIR GIT_NAMESPACE GIT_PREFIX CDPATH
LC_ALL=C GIT_TERMINAL_PROMPT=0 GIT_OPTIONAL_LOCKS=0 GIT_HTTP_LOW_SPEED_LIMIT=1 GIT_HTTP_LOW_SPEED_TIME=60 SSH_ASKPASS_REQUIRE=never GCM_INTERACTIVE=never
[ "${GIT_SSH:-}" ] || : "${GIT_SSH_COMMAND:=$(git config --get core.sshCommand 2>/dev/null || echo 'ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15')}"
export LC_ALL GIT_TERMINAL_PROMPT GIT_OPTIONAL_LOCKS GIT_HTTP_LOW_SPEED_LIMIT GIT_HTTP_LOW_SPEED_TIME SSH_ASKPASS_REQUIRE GCM_INTERACTIVE
[ "${GIT_SSH_COMMAND:-}" ] && export GIT_SSH_COMMAND
"#;

/// The private folder of a round trip, and how one step is run in it.
const FRAME: &str = r#"d=$(mktemp -d "${TMPDIR:-/tmp}/sf.XXXXXXXXXX") || exit 71
trap 'rm -rf "$d"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
step() { ( eval "$2" ) >"$d/$1.o" 2>"$d/$1.e" </dev/null; echo $? >"$d/$1.s"; }
"#;

/// The script of a round trip. `marker` is a line that nothing else prints.
pub(super) fn script(steps: &[Step], jobs: usize, marker: &str) -> String {
    if steps.is_empty() {
        return format!("echo {marker}\nexit 0\n");
    }
    let mut lanes: Vec<(u32, Vec<usize>)> = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        match lanes.iter_mut().find(|(lane, _)| *lane == step.lane) {
            Some((_, members)) => members.push(at),
            None => lanes.push((step.lane, vec![at])),
        }
    }
    let mut text = String::from(PRELUDE);
    text.push_str(FRAME);
    for (lane, (_, members)) in lanes.iter().enumerate() {
        let _ = write!(text, "lane{lane}() {{\n:\n");
        for at in members {
            let _ = writeln!(text, "step {at} {}", quote(&steps[*at].script));
        }
        text.push_str("}\n");
    }
    text.push_str(&run_lanes(lanes.len(), jobs.max(1)));
    let _ = writeln!(text, "echo {marker}\ncd \"$d\" || exit 71\ncat{}", names(steps.len(), &["s"]));
    let files = names(steps.len(), &["o", "e"]);
    let _ = writeln!(text, "wc -c{files}\ncat{files}\ncd /\nexit 0");
    text
}

/// Runs lanes side by side. With fewer jobs than lanes each worker takes the next lane that
/// nobody has: POSIX has no `wait -n`, but `set -C` creates a file for exactly one of them.
fn run_lanes(lanes: usize, jobs: usize) -> String {
    let all: Vec<String> = (0..lanes).map(|l| l.to_string()).collect();
    if lanes == 1 || jobs == 1 {
        return all.iter().map(|l| format!("lane{l}\n")).collect();
    }
    if lanes <= jobs {
        return all.iter().map(|l| format!("lane{l} &\n")).collect::<String>() + "wait\n";
    }
    let worker = format!(
        "work() {{ for l in {}; do ( set -C; : >\"$d/$l.taken\" ) 2>/dev/null && \"lane$l\"; done; }}\n",
        all.join(" ")
    );
    worker + &"work &\n".repeat(jobs) + "wait\n"
}

fn names(steps: usize, kinds: &[&str]) -> String {
    (0..steps).fold(String::new(), |mut all, at| {
        for kind in kinds {
            let _ = write!(all, " {at}.{kind}");
        }
        all
    })
}

/// Reads the answer to a [`script`]; `None` when the marker never came.
pub(super) fn parse(answer: &[u8], marker: &str, steps: usize) -> Option<Result<Vec<Output>>> {
    let start = after_line(answer, marker)?;
    if steps == 0 {
        return Some(Ok(Vec::new()));
    }
    let cut = || Error::unreachable("the answer was cut short");
    Some(read_frames(&answer[start..], steps).ok_or_else(cut))
}

fn read_frames(mut rest: &[u8], steps: usize) -> Option<Vec<Output>> {
    let mut number = || -> Option<usize> {
        let end = rest.iter().position(|b| *b == b'\n')?;
        let line = std::str::from_utf8(&rest[..end]).ok()?;
        rest = &rest[end + 1..];
        line.split_ascii_whitespace().next()?.parse().ok()
    };
    let statuses = (0..steps).map(|_| number()).collect::<Option<Vec<_>>>()?;
    let sizes = (0..steps * 2).map(|_| number()).collect::<Option<Vec<_>>>()?;
    let total = number()?;
    if total != sizes.iter().try_fold(0usize, |sum, n| sum.checked_add(*n))? || rest.len() != total {
        return None;
    }
    let mut take = |n: usize| {
        let (piece, after) = rest.split_at(n);
        rest = after;
        String::from_utf8_lossy(piece).into_owned()
    };
    let outputs = statuses.iter().zip(sizes.chunks_exact(2)).map(|(status, size)| Output {
        status: i32::try_from(*status).unwrap_or(i32::MAX),
        stdout: take(size[0]),
        stderr: take(size[1]),
    });
    Some(outputs.collect())
}

/// Where the text behind the line `line` begins; what a login shell printed may stand before it,
/// even on the same line.
pub(super) fn after_line(text: &[u8], line: &str) -> Option<usize> {
    let wanted = [line.as_bytes(), b"\n"].concat();
    text.windows(wanted.len()).position(|w| w == wanted).map(|at| at + wanted.len())
}

/// Gives a shell its script and takes everything that it says on both outputs.
///
/// # Errors
/// `unreachable` when reading fails or the answer is beyond all bounds.
pub(super) async fn talk(
    script: String,
    mut stdin: impl AsyncWrite + Unpin,
    stdout: impl AsyncRead + Unpin,
    stderr: impl AsyncRead + Unpin,
) -> Result<(Vec<u8>, Vec<u8>)> {
    let write = async move {
        // A shell that is gone has said why on its way out; that is the error to show.
        let _ = stdin.write_all(script.as_bytes()).await;
        let _ = stdin.shutdown().await;
    };
    let ((), out, err) = tokio::join!(write, read_all(stdout), read_all(stderr));
    Ok((out?, err?))
}

async fn read_all(from: impl AsyncRead + Unpin) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    let read = from.take(ANSWER_MAX).read_to_end(&mut all).await;
    match read {
        Ok(n) if n as u64 == ANSWER_MAX => Err(Error::tool("the answer is larger than 256 MiB")),
        Ok(_) => Ok(all),
        Err(e) => Err(Error::unreachable(format!("the link broke: {e}"))),
    }
}

/// The lines of an error output that people want to see: the last few that say something.
pub(super) fn last_words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty() && !l.starts_with("Warning: Permanently added"))
        .collect();
    let clean = lines[lines.len().saturating_sub(3)..].join("; ");
    clean.chars().filter(|c| !c.is_control()).take(600).collect()
}

#[cfg(test)]
mod tests;
