//! A program in a pseudo terminal. Everything that portable-pty does for us is here.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use filedescriptor::FileDescriptor;
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, WaitOptions};

use crate::error::{Error, Result};

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Program {
    /// Program and arguments; empty is the login shell.
    pub command: Vec<String>,
    /// The working folder, absolute.
    pub workdir: PathBuf,
    /// The whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// The mask for files that it makes.
    pub umask: u32,
}

/// A running program and our end of its terminal, which never blocks.
pub struct Pty {
    master: Box<dyn MasterPty + Send>,
    io: FileDescriptor,
    pid: u32,
}

impl Pty {
    /// Starts a program: when this returns, it has been executed. Says what was really run.
    ///
    /// # Errors
    /// `not_found` for a missing working folder or program, `tool` when the system cannot run it.
    pub fn start(program: &Program, cols: u16, rows: u16) -> Result<(Self, Vec<String>)> {
        if !program.workdir.is_dir() {
            return Err(Error::not_found(format!("there is no folder `{}`", program.workdir.display())));
        }
        let mut builder = match program.command.first() {
            None => CommandBuilder::new_default_prog(),
            Some(name) => {
                let mut argv: Vec<OsString> = program.command.iter().map(OsString::from).collect();
                let path = program.env.iter().find(|(k, _)| k == "PATH").map(|(_, v)| v.as_os_str());
                let file = find(name, path, &program.workdir)?;
                if name.contains('/') {
                    argv[0] = file.into();
                }
                CommandBuilder::from_argv(argv)
            }
        };
        builder.env_clear();
        for (name, value) in &program.env {
            builder.env(name, value);
        }
        builder.cwd(&program.workdir);
        builder.umask(Some(program.umask as _));
        let command = match program.command.is_empty() {
            true => vec![builder.get_shell()],
            false => program.command.clone(),
        };
        let failed = |why: String| Error::tool(format!("cannot run `{}`: {why}", command.join(" ")));
        let pair = native_pty_system().openpty(size(cols, rows)).map_err(|e| match format!("{e:#}") {
            // It tells the error as text alone: ENOSPC, when all that the kernel gives are taken.
            text if text.contains("code: 28,") => failed("this machine has no pseudo terminal left".into())
                .hint("end sessions, or raise kernel.pty.max"),
            text => failed(text),
        })?;
        let child = pair.slave.spawn_command(builder).map_err(|e| failed(format!("{e:#}")))?;
        let pid = child.process_id().ok_or_else(|| Error::internal("a child without a process id"))?;
        if !executed(pid, &command[0]) {
            reap(pid);
            let why = "it is for another kind of machine, or a script whose first line names no interpreter";
            return Err(failed(why.to_owned()));
        }
        let raw = pair.master.as_raw_fd().ok_or_else(|| Error::internal("a PTY without a descriptor"))?;
        let mut io = FileDescriptor::dup(&raw).map_err(|e| failed(format!("{e:#}")))?;
        io.set_non_blocking(true).map_err(|e| failed(format!("{e:#}")))?;
        Ok((Self { master: pair.master, io, pid }, command))
    }

    /// What can be polled.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }

    /// The process id of the program, which is also its process group and session.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Reads what the program wrote; 0 when nobody holds the terminal any more.
    ///
    /// # Errors
    /// `WouldBlock` when there is nothing.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.io.read(buffer) {
            // How Linux says that the other end is closed.
            Err(e) if e.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => Ok(0),
            other => other,
        }
    }

    /// Waits a moment for more of what it wrote; whether there is.
    pub fn has_more(&self, wait: Duration) -> bool {
        let mut fds = [PollFd::from_borrowed_fd(self.fd(), PollFlags::IN)];
        let limit = Timespec::try_from(wait).ok();
        poll(&mut fds, limit.as_ref()).is_ok_and(|ready| ready > 0)
    }

    /// Types; says how much was taken.
    ///
    /// # Errors
    /// `WouldBlock` when the program does not read.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.io.write(bytes)
    }

    /// Tells the program a new size.
    pub fn resize(&self, cols: u16, rows: u16) {
        // Fails only when the terminal is closed, and then nobody needs to know the size.
        let _ = self.master.resize(size(cols, rows));
    }

    /// The process group that is in front: a shell's own, or that of the job it runs.
    pub fn foreground(&self) -> Option<u32> {
        self.master.process_group_leader().and_then(|pid| u32::try_from(pid).ok())
    }
}

/// Whether a child has become its program. portable-pty closes the pipe over which the standard
/// library would tell, so the process's name is watched: it is ours until then. Where there is no
/// `/proc`, the answer is yes.
fn executed(pid: u32, program: &str) -> bool {
    let Ok(ours) = std::fs::read_to_string("/proc/thread-self/comm") else { return true };
    let ours = ours.trim_end();
    let base = Path::new(program).file_name().unwrap_or_default().to_string_lossy();
    if base.starts_with(ours) {
        return true;
    }
    let brief = Timespec { tv_sec: 0, tv_nsec: 500_000 };
    loop {
        // Name and state out of one read: between two, it may become its program and end.
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return true };
        let Some((theirs, state)) = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')) else {
            return true;
        };
        if theirs != ours {
            return true;
        }
        if state.trim_start().starts_with('Z') {
            return false;
        }
        // It is between fork and exec; there is nothing that could wake us.
        let _ = poll(&mut [], Some(&brief));
    }
}

/// Waits until a child has ended; its exit status, 128 + signal when a signal ended it.
pub fn reap(pid: u32) -> i32 {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return -1 };
    loop {
        match rustix::process::waitpid(Some(pid), WaitOptions::empty()) {
            Err(rustix::io::Errno::INTR) | Ok(None) => {}
            // Somebody else has collected it; its status is lost.
            Err(_) => return -1,
            Ok(Some((_, status))) => {
                if let Some(signal) = status.terminating_signal() {
                    return 128 + signal;
                }
                if let Some(code) = status.exit_status() {
                    return code;
                }
            }
        }
    }
}

/// Closes every descriptor but the standard three: whoever started us may have left locks, sockets
/// or pipes open that must not live as long as a session.
pub fn close_inherited() {
    portable_pty::unix::close_random_fds();
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

/// The file of a program, looked up as a shell does.
fn find(name: &str, path: Option<&std::ffi::OsStr>, workdir: &Path) -> Result<PathBuf> {
    let runnable = |file: &Path| {
        file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    if name.contains('/') {
        let file = workdir.join(name);
        return match (runnable(&file), file.exists()) {
            (true, _) => Ok(file),
            (false, true) => Err(Error::tool(format!("`{}` is not a program", file.display()))),
            (false, false) => Err(Error::not_found(format!("there is no program `{}`", file.display()))),
        };
    }
    let path = path.unwrap_or(std::ffi::OsStr::new("/usr/local/bin:/usr/bin:/bin"));
    std::env::split_paths(path)
        .map(|dir| workdir.join(dir).join(name))
        .find(|file| runnable(file))
        .ok_or_else(|| {
            Error::not_found(format!("no program called `{name}` is on this host's PATH"))
                .hint("give its whole path, or install it there")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(command: &[&str], workdir: &Path) -> Program {
        Program {
            command: command.iter().map(|w| (*w).to_owned()).collect(),
            workdir: workdir.to_owned(),
            env: vec![("PATH".into(), "/usr/bin:/bin".into())],
            umask: 0o022,
        }
    }

    #[test]
    fn what_cannot_be_run_is_said_clearly() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(dir.path().join("notes"), "text").expect("written");
        for (command, code, words) in [
            (&["no-such-program-here"][..], crate::error::Code::NotFound, "no-such-program-here"),
            (&["./nothing"][..], crate::error::Code::NotFound, "nothing"),
            (&["./notes"][..], crate::error::Code::Tool, "not a program"),
        ] {
            let error = Pty::start(&program(command, dir.path()), 80, 24).err().expect("refused");
            assert_eq!(error.code, code, "{error}");
            assert!(error.message.contains(words), "{error}");
        }
        let error =
            Pty::start(&program(&["sh"], Path::new("/no/such/folder")), 80, 24).err().expect("refused");
        assert_eq!(error.code, crate::error::Code::NotFound);
    }

    #[test]
    fn exit_status_and_signal_are_told_apart() {
        for (script, wanted) in [("exit 7", 7), ("kill -TERM $$", 143)] {
            let (pty, _) =
                Pty::start(&program(&["sh", "-c", script], Path::new("/")), 80, 24).expect("started");
            assert_eq!(reap(pty.pid()), wanted, "{script}");
        }
    }
}
