//! Processes: starting them, and asking about those that run.

use std::ffi::OsStr;
use std::path::PathBuf;

use rustix::process::{Pid, Signal};

use crate::error::{Error, Result};

/// Starts to describe an outside program. Nothing is inherited but what the caller sets: the
/// standard descriptors are closed, and the child is killed when its handle is dropped.
pub fn command(program: impl AsRef<OsStr>) -> tokio::process::Command {
    #[expect(clippy::disallowed_methods, reason = "the owner of processes")]
    let mut command = tokio::process::Command::new(program);
    command
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true);
    command
}

/// The same without a runtime, for the holder and for code that runs before one exists.
pub fn blocking_command(program: impl AsRef<OsStr>) -> std::process::Command {
    #[expect(clippy::disallowed_methods, reason = "the owner of processes")]
    let mut command = std::process::Command::new(program);
    command
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    command
}

/// The user that we run as.
pub fn uid() -> u32 {
    rustix::process::getuid().as_raw()
}

/// Our own process id.
pub fn pid() -> u32 {
    std::process::id()
}

/// The program file that we are.
///
/// # Errors
/// `internal` when the system cannot say, as after the file was replaced or removed.
pub fn own_program() -> Result<PathBuf> {
    let path = std::env::current_exe()
        .map_err(|e| Error::internal(format!("cannot find our own program file: {e}")))?;
    // Linux marks a file that was replaced while we run; the new one under that name will do.
    match path.to_str().and_then(|p| p.strip_suffix(" (deleted)")) {
        Some(replaced) if std::path::Path::new(replaced).exists() => Ok(PathBuf::from(replaced)),
        _ => Ok(path),
    }
}

/// Whether a process of that id runs (also when it belongs to another user). One that has ended
/// and waits for its parent to notice does not run: in containers that can be for ever.
pub fn alive(pid: u32) -> bool {
    if stat(pid).is_some_and(|fields| fields.starts_with(['Z', 'X'])) {
        return false;
    }
    let Some(pid) = raw(pid) else { return false };
    match rustix::process::test_kill_process(pid) {
        Ok(()) => true,
        Err(e) => e == rustix::io::Errno::PERM,
    }
}

/// When a process was started, in the kernel's ticks since boot: with the id it names a process
/// for good, ids alone come round again. Field 22 of `/proc/<pid>/stat`; `None` elsewhere.
pub fn start_ticks(pid: u32) -> Option<u64> {
    stat(pid)?.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// The name of a user of this machine; `uid N` for one that `/etc/passwd` does not know.
pub fn user_name(uid: u32) -> String {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let known = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, id) = (fields.next()?, fields.next()?, fields.next()?);
        (id.parse() == Ok(uid)).then(|| name.to_owned())
    });
    known.unwrap_or_else(|| format!("uid {uid}"))
}

/// The machine's own name.
pub fn node_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Names the machine's present boot; `None` where the system does not tell.
pub fn boot_id() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}

/// The fields of `/proc/<pid>/stat` from the third on: the state comes first.
fn stat(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in brackets and may hold blanks and brackets.
    Some(stat.rsplit_once(')')?.1.trim_start().to_owned())
}

/// Signals one process. A process that is gone is no error.
///
/// # Errors
/// `refused` when it is not ours.
pub fn kill(pid: u32, signal: Signal) -> Result<()> {
    let Some(raw) = raw(pid) else { return Ok(()) };
    ignore_gone(rustix::process::kill_process(raw, signal), pid)
}

/// Asks one process to end.
///
/// # Errors
/// `refused` when it is not ours.
pub fn terminate(pid: u32) -> Result<()> {
    kill(pid, Signal::TERM)
}

/// Ends one process without asking.
///
/// # Errors
/// `refused` when it is not ours.
pub fn end(pid: u32) -> Result<()> {
    kill(pid, Signal::KILL)
}

/// The number of the signal that asks us to stop (Ctrl-Z in another program's hands).
pub const SIGTSTP: i32 = Signal::TSTP.as_raw();
/// The number of the signal that lets us go on.
pub const SIGCONT: i32 = Signal::CONT.as_raw();

/// Stops this process until somebody (the shell's `fg`) continues it. Only us: what we have started
/// goes on, and others may depend on it.
pub fn stop_self() {
    // It cannot be refused.
    let _ = kill(pid(), Signal::STOP);
}

/// Signals a process group. A group that is gone is no error.
///
/// # Errors
/// `refused` when it is not ours.
pub fn kill_group(pid: u32, signal: Signal) -> Result<()> {
    let Some(raw) = raw(pid) else { return Ok(()) };
    ignore_gone(rustix::process::kill_process_group(raw, signal), pid)
}

fn ignore_gone(done: rustix::io::Result<()>, pid: u32) -> Result<()> {
    match done {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(e) => Err(Error::refused(format!("cannot signal process {pid}: {e}"))),
    }
}

fn raw(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// The operating system and architecture of this machine, in the words of `uname`: `("Linux", "x86_64")`.
pub fn platform() -> (String, String) {
    let name = rustix::system::uname();
    (name.sysname().to_string_lossy().into_owned(), name.machine().to_string_lossy().into_owned())
}
