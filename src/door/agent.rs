//! The door of a host: `sf agent --stdio`, started over ssh by the sf of somebody else. Hidden:
//! people never call it.

use std::path::Path;
use std::process::ExitCode;

use super::{engine, leave, narrow_runtime, output, runtime};
use crate::command::line::Globals;
use crate::error::{Error, Result};
use crate::fleet::{bootstrap, serve};
use crate::sys::{Env, polled, turns};

/// Enters if the words ask for it.
pub(super) fn requested(words: &[String]) -> Option<Result<ExitCode>> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["agent", "--stdio"] => Some(stdio()),
        ["agent", "--digest", file] => Some(digest(Path::new(file))),
        ["agent", ..] => Some(Err(Error::usage("`agent` takes `--stdio`").hint("sf calls it over ssh"))),
        _ => None,
    }
}

/// Answers on standard output what is asked on standard input, until either ends.
fn stdio() -> Result<ExitCode> {
    // It stands between keys and sessions.
    turns::short();
    let runtime = narrow_runtime()?;
    let _context = runtime.enter();
    // `--home` never crosses a link: this host has a home of its own.
    let (engine, _) = engine(&Globals::default(), &Env::current(), None)?;
    let served = runtime.block_on(serve(engine.calls(), polled::stdin(), polled::stdout()));
    leave(runtime, &engine);
    served.map(|()| ExitCode::SUCCESS)
}

/// Prints a file's checksum, for hosts that have no program for it.
fn digest(file: &Path) -> Result<ExitCode> {
    let program = runtime()?.block_on(bootstrap::measure(file.to_owned()))?;
    output::text(&program.sha256);
    Ok(ExitCode::SUCCESS)
}
