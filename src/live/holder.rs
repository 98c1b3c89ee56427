//! The holder: a process that keeps one program in its terminal, whatever happens to everybody else.
//!
//! Entered as `sf hold`, before anything else of sf is set up, in two steps: the launcher leaves the
//! terminal, the session and the descriptors of whoever called, starts the keeper, and ends; so the
//! keeper belongs to nobody, can never get a terminal of its own, and is not a child that somebody
//! must collect. The keeper reads a [`Request`] from standard input and answers with one
//! line of JSON on standard output, a [`Reply`]; by then the program has been executed. Then it lets go
//! of both and serves its socket until the program has ended.

mod gate;
mod guest;
mod keeper;

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::fs::{FlockOperation, Mode, flock};
use serde::{Deserialize, Serialize};

use super::pty::{self, Program, Pty};
use super::record::{Folder, Record};
use super::session::{Limits, SCROLLBACK, Session};
use super::status::RuleFile;
use crate::error::{At, Error, Result};
use crate::model::live::LiveSpec;
use crate::sys::{Clock, Env, proc, turns};
use crate::tool::launch;

/// The hidden word of the command line.
pub const WORD: &str = "hold";
const KEEP: &str = "keep";

/// What the keeper is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// The run folder.
    pub run: PathBuf,
    /// Where records are kept as well, when the run folder does not outlive the machine's boot.
    #[serde(default)]
    pub kept: Option<PathBuf>,
    /// The session.
    pub spec: LiveSpec,
    /// Bytes of output to keep for clients that come back.
    #[serde(default = "ring")]
    pub ring: u64,
    /// What the lines above the screen may take of the memory, in bytes.
    #[serde(default = "scrollback")]
    pub scrollback: u64,
    /// Rules to judge its state by.
    #[serde(default)]
    pub rules: Vec<RuleFile>,
    /// The audit log.
    #[serde(default)]
    pub audit: Option<PathBuf>,
}

/// Bytes of output that a holder keeps unless told otherwise.
pub const RING: u64 = 2 * 1024 * 1024;

const fn ring() -> u64 {
    RING
}

const fn scrollback() -> u64 {
    SCROLLBACK as u64
}

/// What it answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The program runs, or ran already under this id.
    Ok(Box<Record>),
    /// It does not, and nothing is left behind.
    Err(Error),
}

/// The process `sf hold [keep]`; `arguments` are the words after `hold`, `env` becomes that of the
/// program.
pub fn hold(mut arguments: impl Iterator<Item = OsString>, env: &Env) -> ExitCode {
    let answered = match arguments.next() {
        None => launch(),
        Some(word) if word == KEEP => keep(env),
        Some(_) => Err(Error::usage("`hold` is for sf itself")),
    };
    match answered {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            answer(&Reply::Err(error.clone()));
            ExitCode::from(error.code.exit())
        }
    }
}

fn launch() -> Result<()> {
    pty::close_inherited();
    // A cockpit that starts us has others than its program should have.
    turns::usual();
    // Fails only if we lead a session already, which is just as well.
    let _ = rustix::process::setsid();
    let program = proc::own_program()?;
    let mut command = proc::blocking_command(&program);
    command.args([WORD, KEEP]).current_dir("/").stdin(Stdio::inherit()).stdout(Stdio::inherit());
    command.spawn().at(program.display())?;
    Ok(())
}

fn keep(env: &Env) -> Result<()> {
    let umask = rustix::process::umask(Mode::from_raw_mode(0o077)).as_raw_mode();
    // Nobody looks at the flag: that there is a handler keeps a hang-up from ending us, and unlike
    // "ignored" it is not inherited by the program.
    signal_hook::flag::register(signal_hook::consts::SIGHUP, Arc::new(AtomicBool::new(false)))
        .at("a handler for hang-ups")?;
    let mut text = Vec::new();
    std::io::stdin().read_to_end(&mut text).at("standard input")?;
    let request: Request = serde_json::from_slice(&text)?;
    let folder = Folder::at(&request.run).with_kept(request.kept.clone());
    match start(&folder, request, env, umask)? {
        Started::Before(record) => answer(&Reply::Ok(Box::new(record))),
        Started::Now(keeper, record) => {
            answer(&Reply::Ok(Box::new(record)));
            let_go();
            keeper.run();
        }
    }
    Ok(())
}

enum Started {
    Now(Box<keeper::Keeper>, Record),
    Before(Record),
}

/// Starts the program, unless a session of that id was started before.
fn start(folder: &Folder, request: Request, env: &Env, umask: u32) -> Result<Started> {
    let Request { mut spec, ring, scrollback, rules, audit, .. } = request;
    folder.create()?;
    let lock = std::fs::File::create(folder.lock()).at(folder.lock().display())?;
    flock(&lock, FlockOperation::LockExclusive).map_err(std::io::Error::from).at(folder.lock().display())?;
    if let Some(record) = folder.read(&spec.id) {
        return Ok(Started::Before(record));
    }
    if let Some(name) = &spec.name
        && let Some(other) = folder.all()?.iter().find(|r| r.spec.name.as_ref() == Some(name) && r.lives())
    {
        return Err(Error::conflict(format!("a session called `{name}` runs already: {}", other.spec.id))
            .hint("choose another --name, or stop that one"));
    }
    let workdir = workdir(spec.workdir.as_deref(), &env.home());
    let socket = folder.socket(&spec.id);
    let variables = variables(env, &spec, &socket);
    // Not to be written to a file.
    spec.env.clear();
    let program = Program { command: spec.command.clone(), workdir: workdir.clone(), env: variables, umask };
    // Without a record nobody answers there any more.
    let _ = std::fs::remove_file(&socket);
    // A socket is made with every bit that the mask leaves, so it must leave 0600.
    let before = rustix::process::umask(Mode::from_raw_mode(0o177));
    let listener = UnixListener::bind(&socket).at(socket.display());
    rustix::process::umask(before);
    let listener = listener?;
    let undo = |error: Error| {
        folder.forget(&spec.id);
        error
    };
    let (pty, command) = Pty::start(&program, spec.cols.max(1), spec.rows.max(1)).map_err(undo)?;
    let record = Record {
        command: command.clone(),
        workdir: workdir.to_string_lossy().into_owned(),
        pid: pty.pid(),
        holder: proc::pid(),
        holder_ticks: proc::start_ticks(proc::pid()),
        started: Clock::System.now(),
        ended: None,
        native_id: None,
        version: command.first().and_then(|name| launch::installed_version(name, env.get("PATH"))),
        boot: proc::boot_id(),
        spec: spec.clone(),
    };
    if let Err(error) = folder.write(&record) {
        let _ = proc::kill_group(pty.pid(), rustix::process::Signal::KILL);
        return Err(undo(error));
    }
    let [ring, scrollback] = [ring, scrollback].map(|n| usize::try_from(n).unwrap_or(0));
    let version = record.version.clone();
    let limits = Limits { ring, scrollback };
    let mut session = Session::new(pty, command, spec.tool, (spec.cols, spec.rows), limits, rules, version);
    if let Some(colors) = spec.colors {
        session.screen().set_colors(colors);
    }
    let keeper = keeper::Keeper::new(session, listener, folder.clone(), record.clone(), audit)?;
    Ok(Started::Now(Box::new(keeper), record))
}

fn workdir(asked: Option<&str>, home: &Path) -> PathBuf {
    match asked {
        None | Some("~") => home.to_owned(),
        Some(path) => match path.strip_prefix("~/") {
            Some(below) => home.join(below),
            None => home.join(path),
        },
    }
}

/// The environment of the program.
fn variables(env: &Env, spec: &LiveSpec, socket: &Path) -> Vec<(OsString, OsString)> {
    let mut env = env.clone();
    if env.get("SHELL").is_none() {
        env = env.with("SHELL", "/bin/sh");
    }
    env = env
        .with("TERM", "xterm-256color")
        .with("COLORTERM", "truecolor")
        .with("SF_SESSION", spec.id.as_str())
        .with("SF_SOCKET", socket);
    if let Ok(program) = proc::own_program() {
        env = env.with("SF_BIN", program);
    }
    for (name, value) in &spec.env {
        env = env.with(name, value);
    }
    env.vars().map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn answer(reply: &Reply) {
    let mut line = serde_json::to_vec(reply).unwrap_or_default();
    line.push(b'\n');
    // A caller that is gone already does not need the answer.
    let _ = std::io::stdout().write_all(&line);
    let _ = std::io::stdout().flush();
}

/// Lets go of the pipes to the caller, who may wait for their end.
fn let_go() {
    if let Ok(null) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null") {
        let _ = rustix::stdio::dup2_stdin(&null);
        let _ = rustix::stdio::dup2_stdout(&null);
        let _ = rustix::stdio::dup2_stderr(&null);
    }
}
