//! A shell on a host over its master; the only importer of openssh.
//!
//! ```text
//!  ask ──► session on the socket ──ok──► shell
//!               │ no master, or a dead one
//!               ▼
//!          gate (one at a time here) ─► lock (one process at a time)
//!               ─► alive after all? ─► else start ─► session ─► shell
//! ```
//!
//! A question that was sent is never sent again: only what could not even be asked is retried.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use openssh::{Child, ChildStdin, ChildStdout, Session, Stdio};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

use super::backoff::Trouble;
use super::host::{Duplex, DuplexIo, Output, Step};
use super::master::Master;
use super::steps;
use crate::error::{Error, Result};
use crate::sys::{lock, random};

/// sshd takes ten sessions on a connection unless told otherwise (`MaxSessions`). One is for the
/// agent, and other processes of ours share the connection.
const SESSIONS: usize = 5;

/// A live master answers at once; one that does not is as good as dead.
const ALIVE: Duration = Duration::from_secs(2);

/// A host behind ssh.
pub(super) struct Ssh {
    master: Master,
    session: Arc<Session>,
    gate: Mutex<()>,
    slots: Semaphore,
    trouble: Trouble,
}

type Shell = Child<Arc<Session>>;

impl Ssh {
    pub(super) fn new(master: Master) -> Self {
        let session = Session::resume_mux(master.control.clone().into_boxed_path(), None);
        let (gate, slots) = (Mutex::new(()), Semaphore::new(SESSIONS));
        Self { master, session: Arc::new(session), gate, slots, trouble: Trouble::default() }
    }

    /// See [`super::Host::resting`].
    pub(super) fn resting(&self) -> Option<Error> {
        self.trouble.resting()
    }

    /// Runs steps in one round trip.
    pub(super) async fn steps(&self, steps: &[Step], jobs: usize) -> Result<Vec<Output>> {
        let marker = format!("sf-steps-{}", random::hex(8)?);
        let script = steps::script(steps, jobs, &marker);
        let _slot = self.slot().await?;
        let mut shell = self.shell().await?;
        let (stdin, stdout, stderr) = pipes(&mut shell)?;
        let (out, err) = steps::talk(script, Writer(Some(stdin)), stdout, stderr).await?;
        let ended = shell.wait().await;
        let cut = |e: Error| self.master.unreachable(&e.message);
        match (steps::parse(&out, &marker, steps.len()), ended) {
            (Some(outputs), _) => outputs.map_err(cut),
            (None, Ok(status)) => Err(Error::tool(format!(
                "`/bin/sh` on the host ended early ({status}): {}",
                steps::last_words(&err)
            ))),
            (None, Err(_)) => Err(self.master.unreachable(&steps::last_words(&err))),
        }
    }

    /// Runs a script that takes over standard input once it has printed the line `ready`; returns
    /// its input and output from there on.
    ///
    /// A shell reads its script as it goes, and reads ahead. So the script is one compound, read
    /// whole before it begins, and nothing else is sent before it has said `ready`.
    pub(super) async fn pipe(&self, script: &str, ready: &str) -> Result<Pipe> {
        let mut shell = self.shell().await?;
        let (stdin, mut stdout, mut stderr) = pipes(&mut shell)?;
        let mut stdin = Writer(Some(stdin));
        let lost = |e: std::io::Error| self.master.unreachable(&e.to_string());
        stdin.write_all(format!("{{\n{script}\n}}\n").as_bytes()).await.map_err(lost)?;
        let mut said = Vec::new();
        let rest = loop {
            if let Some(at) = steps::after_line(&said, ready) {
                break said.split_off(at);
            }
            if stdout.read_buf(&mut said).await.map_err(lost)? == 0 || said.len() > 1 << 20 {
                let mut err = Vec::new();
                let _ = (&mut stderr).take(1 << 16).read_to_end(&mut err).await;
                let words = steps::last_words(if err.is_empty() { &said } else { &err });
                return Err(match shell.wait().await {
                    Ok(_) => Error::tool(words),
                    Err(_) => self.master.unreachable(&words),
                });
            }
        };
        let errors = tokio::spawn(async move {
            // Nobody reads it, but a full pipe would stop the other side.
            let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
        });
        let stdout = std::io::Cursor::new(rest).chain(stdout);
        Ok(Pipe { stdin, stdout, errors, shell: Some(shell) })
    }

    async fn slot(&self) -> Result<SemaphorePermit<'_>> {
        self.slots.acquire().await.map_err(|_| Error::internal("the slots of a host are closed"))
    }

    /// Starts `/bin/sh -s`: words that every login shell passes on unchanged.
    async fn shell(&self) -> Result<Shell> {
        // A master that hangs would never answer; one that lives does so at once.
        if self.alive().await
            && let Ok(shell) = self.spawn().await
        {
            self.trouble.settle(&Ok(()));
            return Ok(shell);
        }
        let connected = self.connect().await;
        self.trouble.settle(&connected);
        connected?;
        self.spawn().await.map_err(|e| {
            let error = self.master.unreachable(&chain(&e));
            error.hint(
                "when it says that the session was refused, too many are open: see `MaxSessions` of its sshd",
            )
        })
    }

    async fn spawn(&self) -> Result<Shell, openssh::Error> {
        let mut command = self.session.clone().arc_raw_command("/bin/sh");
        command.raw_arg("-s");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().await
    }

    /// Lets a person in: like [`Self::connect`], with ssh's questions on our terminal. Says whether
    /// there was anything to do. Nobody waits for the person: while they think, the others are told that
    /// the host does not let them in.
    pub(super) async fn login(&self) -> Result<bool> {
        if self.alive().await {
            return Ok(false);
        }
        let lock = self.lock().await?;
        self.master.prepare()?;
        drop(lock);
        self.master.ask().await?;
        if self.alive().await {
            Ok(true)
        } else {
            Err(self.master.unreachable("the connection ended at once"))
        }
    }

    /// The lock of whoever starts a master.
    async fn lock(&self) -> Result<lock::Lock> {
        let master = self.master.clone();
        let locked = tokio::task::spawn_blocking(move || {
            master.make_folders()?;
            lock::lock(&master.lock)
        });
        locked.await.map_err(|e| Error::internal(format!("waiting for a lock: {e}")))?
    }

    /// Makes sure that a live master listens.
    async fn connect(&self) -> Result<()> {
        let _gate = self.gate.lock().await;
        if self.alive().await {
            return Ok(());
        }
        let _lock = self.lock().await?;
        if self.alive().await {
            return Ok(());
        }
        self.master.start().await
    }

    async fn alive(&self) -> bool {
        matches!(tokio::time::timeout(ALIVE, self.session.check()).await, Ok(Ok(())))
    }
}

fn pipes(shell: &mut Shell) -> Result<(ChildStdin, ChildStdout, openssh::ChildStderr)> {
    match (shell.stdin().take(), shell.stdout().take(), shell.stderr().take()) {
        (Some(stdin), Some(stdout), Some(stderr)) => Ok((stdin, stdout, stderr)),
        _ => Err(Error::internal("a shell without pipes")),
    }
}

/// An error with its causes: the reason is always in the last one.
fn chain(error: &openssh::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

/// A standard input that ends when it is shut down. (Shutting down a pipe does nothing: only
/// closing it does.)
struct Writer(Option<ChildStdin>);

impl AsyncWrite for Writer {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        match &mut self.0 {
            Some(stdin) => Pin::new(stdin).poll_write(cx, data),
            None => Poll::Ready(Err(std::io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.0.as_mut().map_or(Poll::Ready(Ok(())), |stdin| Pin::new(stdin).poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.0 = None;
        Poll::Ready(Ok(()))
    }
}

/// Input and output of a script on a host.
pub(super) struct Pipe {
    stdin: Writer,
    stdout: tokio::io::Chain<std::io::Cursor<Vec<u8>>, ChildStdout>,
    errors: tokio::task::JoinHandle<()>,
    /// Dropping it closes the channel.
    shell: Option<Shell>,
}

impl Pipe {
    /// Once its output has ended: whether the script came to an end of its own, with whatever status.
    /// Otherwise a signal ended it, or the connection.
    pub(super) async fn has_ended(&mut self) -> bool {
        match self.shell.take() {
            Some(shell) => shell.wait().await.is_ok(),
            None => true,
        }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.errors.abort();
    }
}

/// It carries what others ask of the host as well, so it stays where it is.
impl DuplexIo for Pipe {
    fn moved(self: Box<Self>) -> std::io::Result<Duplex> {
        Ok(self)
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stdout).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stdin).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stdin).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stdin).poll_shutdown(cx)
    }
}
