//! The text and byte doors, and the way to each of them.

mod agent;
mod batch;
mod cli;
mod log;
mod output;
mod render;

use std::ffi::OsString;
use std::process::ExitCode;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

use crate::command::line::{self, Globals, Line, Refused};
use crate::command::table::Table;
use crate::config::settings::Loaded;
use crate::config::{Notice, Settings};
use crate::engine::{Engine, Parts};
use crate::error::{Error, Result};
use crate::sys::{Clock, Env, Paths, tty};

/// The full-screen door: an engine, and what is wrong with the user's files. (It is handed in,
/// because doors do not know each other.)
pub type Cockpit = fn(Engine, Vec<Notice>) -> BoxFuture<'static, Result<ExitCode>>;

/// Enters by the door that the words ask for; the exit status is that of `commands.md`.
pub fn enter(words: impl Iterator<Item = OsString>, screen: Cockpit) -> ExitCode {
    let words: std::result::Result<Vec<String>, OsString> = words.map(OsString::into_string).collect();
    let done = match words {
        Ok(words) => dispatch(&words, screen),
        Err(word) => Err(Error::usage(format!("an argument is not UTF-8: {}", word.display()))),
    };
    done.unwrap_or_else(|error| {
        output::error(&error);
        ExitCode::from(error.code.exit())
    })
}

fn dispatch(words: &[String], screen: Cockpit) -> Result<ExitCode> {
    if let Some(done) = agent::requested(words) {
        return done;
    }
    if let Some(request) = batch::requested(words) {
        return batch::run(request?);
    }
    match line::read(words) {
        Ok(Line::Command(parsed)) => cli::run(*parsed, screen),
        Ok(Line::Bare(globals)) => cockpit(&globals, &Env::current(), screen),
        Err(Refused::Help(text)) => {
            output::text(&text);
            Ok(ExitCode::SUCCESS)
        }
        Err(Refused::Wrong(error)) => {
            // The form of the answer was asked for on a line that cannot be read: look for the word.
            if words.iter().take_while(|w| *w != "--").any(|w| w == "--json") {
                output::json(&cli::failure(&error, None));
            }
            Err(error)
        }
    }
}

/// Opens the cockpit on the home that options and environment name.
fn cockpit(globals: &Globals, env: &Env, screen: Cockpit) -> Result<ExitCode> {
    if !tty::stdin_is_terminal() || !tty::stdout_is_terminal() {
        return Err(Error::usage("the cockpit needs a terminal")
            .hint("`sf --batch` runs commands without one; `sf help` lists them"));
    }
    let runtime = runtime()?;
    // What stands between a key and its echo has a thread of its own, which waits for both, wherever the session is.
    let front = narrow_runtime()?;
    let (engine, loaded) = {
        let _context = runtime.enter();
        engine(globals, env, Some(front.handle()))?
    };
    let code = front.block_on(screen(engine.clone(), loaded.notices));
    front.shutdown_background();
    leave(runtime, &engine);
    code
}

/// An engine for this home, and what is wrong with its settings. `links` waits for links to hosts, if it is given.
fn engine(globals: &Globals, env: &Env, links: Option<&Handle>) -> Result<(Engine, Loaded)> {
    let paths = Paths::resolve(env, globals.home.as_deref())?;
    log::start(&paths, globals.verbose, env);
    let loaded = Settings::load(&paths.settings());
    let engine = Engine::new(Parts {
        catalog: &Table,
        paths,
        env: env.clone(),
        clock: Clock::from_env(env),
        settings: loaded.settings.clone(),
        fatal: loaded.fatal.clone(),
        links: links.cloned(),
    });
    Ok((engine, loaded))
}

/// The runtime that a door drives its engine on.
fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Error::internal(format!("cannot start: {e}")))
}

/// One for a door that mostly carries bytes: all of it on the thread that waits for them, so that none has
/// to be woken for another's sake.
fn narrow_runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::internal(format!("cannot start: {e}")))
}

/// Ends what a door has begun. A blocked read of standard input must not keep the process.
fn leave(runtime: tokio::runtime::Runtime, engine: &Engine) {
    runtime.block_on(engine.close());
    runtime.shutdown_background();
}
