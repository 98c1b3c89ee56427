//! Standard output and standard error: the only place that writes to them.

use std::io::Write;

use serde::Serialize;

use crate::error::Error;
use crate::sys::tty;

/// Writes text; a line end is added when it has none. A reader that went away ends us quietly.
pub(super) fn text(text: &str) {
    if text.is_empty() {
        return;
    }
    let end = if text.ends_with('\n') { "" } else { "\n" };
    out(format!("{text}{end}").as_bytes());
}

/// Writes one JSON document: for eyes on a terminal, else on one line.
pub(super) fn json(value: &impl Serialize) {
    let form = if tty::stdout_is_terminal() {
        serde_json::to_string_pretty(value)
    } else {
        serde_json::to_string(value)
    };
    match form {
        Ok(document) => text(&document),
        Err(e) => error(&Error::internal(format!("the result cannot be written as JSON: {e}"))),
    }
}

/// Writes one JSON document on one line, at once.
pub(super) fn json_line(value: &impl Serialize) {
    if let Ok(line) = serde_json::to_string(value) {
        text(&line);
    }
}

fn out(bytes: &[u8]) {
    let mut stdout = std::io::stdout().lock();
    if let Err(e) = stdout.write_all(bytes).and_then(|()| stdout.flush())
        && e.kind() == std::io::ErrorKind::BrokenPipe
    {
        // As with any filter: nobody reads any more, so there is nothing left to do.
        std::process::exit(0);
    }
}

/// Writes a line to standard error; when that fails there is nobody to tell.
pub(super) fn note(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Writes to standard error without a line end.
pub(super) fn part(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// Writes an error for people: what, then what to do.
pub(super) fn error(error: &Error) {
    note(&format!("sf: {}", render_safe(&error.message)));
    for hint in &error.hints {
        note(&format!("  hint: {}", render_safe(hint)));
    }
}

/// Text of others with everything that could steer the terminal made visible.
pub(super) fn render_safe(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}
