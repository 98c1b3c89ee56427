//! The terminal that we were started in: borrowed, and given back as it was, however we end.

use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Once};
use std::time::Duration;

use tokio::sync::Notify;

use crate::error::{Error, Result};
use crate::sys::{proc, tty};

/// Alternate screen, bracketed paste, focus reports; the title is put aside (xterm's stack).
/// And the kitty keyboard protocol, where there is one: it tells Shift+Enter from Enter, and Ctrl+I from Tab.
/// Its stack belongs to the alternate screen, so it is pushed and popped there.
const ENTER: &str = "\x1b[22;2t\x1b[?1049h\x1b[>1u\x1b[?2004h\x1b[?1004h\x1b[?25l";
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1003l\x1b[?1002l\x1b[?1000l";
const MOTION_ON: &str = "\x1b[?1003h";
const MOTION_OFF: &str = "\x1b[?1003l\x1b[?1002h";
/// Everything that [`ENTER`] or a picture may have changed, also half way through.
const LEAVE: &str = "\x1b[?2026l\x1b[m\x1b[?1006l\x1b[?1003l\x1b[?1002l\x1b[?1000l\x1b[?1004l\x1b[?2004l\x1b[<1u\x1b[?1049l\x1b[23;2t\x1b[?25h";
/// How long a terminal that does not read may hold up our leaving.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whether the terminal is ours at the moment; a panic may come from any thread.
static BORROWED: AtomicBool = AtomicBool::new(false);

/// Something to write, and whom to tell once it is.
struct Stroke {
    bytes: Vec<u8>,
    done: Option<SyncSender<()>>,
}

/// The terminal while it is ours.
pub struct Term {
    writer: SyncSender<Stroke>,
    /// For what the terminal takes at once; the pen has the rest.
    quick: Option<File>,
    done: Receiver<()>,
    busy: Arc<AtomicBool>,
    idle: Arc<Notify>,
    mouse: bool,
}

impl Term {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// `usage` when it cannot be switched to raw mode.
    pub fn enter(mouse: bool) -> Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            let ours = std::thread::current().id();
            std::panic::set_hook(Box::new(move |panic| {
                // A command or an emulator that trips is contained where it ran; the screen stays.
                if BORROWED.load(Ordering::SeqCst) && std::thread::current().id() != ours {
                    tracing::error!("{panic}");
                    return;
                }
                give_back();
                before(panic);
            }));
        });
        let (writer, frames) = sync_channel::<Stroke>(1);
        let (finished, done) = sync_channel(1);
        let (busy, idle) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let (flag, bell) = (busy.clone(), idle.clone());
        // A terminal that does not read (a slow link) must hold up nothing but drawing.
        std::thread::Builder::new()
            .name("pen".into())
            .spawn(move || {
                while let Ok(stroke) = frames.recv() {
                    write(&stroke.bytes);
                    if let Some(done) = stroke.done {
                        // Who asked may have lost patience.
                        let _ = done.try_send(());
                    }
                    flag.store(false, Ordering::Release);
                    bell.notify_one();
                }
                // Nobody may be waiting for us any more.
                let _ = finished.try_send(());
            })
            .map_err(|e| Error::internal(format!("no thread to draw with: {e}")))?;
        let quick = tty::output_without_waiting();
        let mut term = Self { writer, quick, done, busy, idle, mouse };
        term.take()?;
        Ok(term)
    }

    fn take(&mut self) -> Result<()> {
        crossterm::terminal::enable_raw_mode()
            .map_err(|e| Error::usage(format!("the terminal cannot be switched to raw mode: {e}")))?;
        BORROWED.store(true, Ordering::SeqCst);
        self.send(ENTER.as_bytes().to_vec());
        self.set_mouse(self.mouse);
        Ok(())
    }

    /// Whether the last frame is still being written.
    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// Is rung when a frame has been written.
    pub fn idle(&self) -> Arc<Notify> {
        self.idle.clone()
    }

    /// Writes a frame if the last one is out; whether it was taken.
    pub fn draw(&self, mut bytes: Vec<u8>) -> bool {
        if let Some(mut quick) = self.quick.as_ref().filter(|_| !self.is_busy()) {
            // The pen says what is wrong with it, if something is.
            let written = quick.write(&bytes).unwrap_or(0);
            if written >= bytes.len() {
                return true;
            }
            bytes.drain(..written);
        }
        self.busy.store(true, Ordering::Release);
        match self.writer.try_send(Stroke { bytes, done: None }) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }

    /// Writes something small that must not be lost.
    pub fn send(&self, bytes: Vec<u8>) {
        self.busy.store(true, Ordering::Release);
        // Blocks only while a frame is being written; the loop sends when there is none.
        let _ = self.writer.send(Stroke { bytes, done: None });
    }

    /// Waits until everything is written, for a while.
    fn flush(&self) {
        let (done, written) = sync_channel(1);
        let asked = self.writer.send(Stroke { bytes: Vec::new(), done: Some(done) });
        if asked.is_err() || written.recv_timeout(PATIENCE).is_err() {
            tracing::warn!("the terminal does not read");
        }
    }

    /// Listens to the mouse, or leaves it to the terminal.
    pub fn set_mouse(&mut self, on: bool) {
        self.mouse = on;
        self.send(if on { MOUSE_ON } else { MOUSE_OFF }.as_bytes().to_vec());
    }

    /// Listens to motion without a button as well; costs a message for each cell.
    pub fn set_motion(&self, on: bool) {
        if self.mouse {
            self.send(if on { MOTION_ON } else { MOTION_OFF }.as_bytes().to_vec());
        }
    }

    /// Gives the terminal back, stops this process, and takes the terminal over again once the shell
    /// continues it.
    ///
    /// # Errors
    /// As [`Term::enter`].
    pub fn suspend(&mut self) -> Result<()> {
        // A picture that comes later would land in the shell.
        self.flush();
        give_back();
        proc::stop_self();
        self.take()
    }
}

impl Drop for Term {
    fn drop(&mut self) {
        // The pen finishes its line first, or ours would land in the middle of it.
        let (stuck, _) = sync_channel(1);
        drop(std::mem::replace(&mut self.writer, stuck));
        if self.done.recv_timeout(PATIENCE).is_err() {
            tracing::warn!("the terminal does not read; it is left as it is");
            restore_mode();
            return;
        }
        give_back();
    }
}

fn give_back() {
    if BORROWED.swap(false, Ordering::SeqCst) {
        write(LEAVE.as_bytes());
        restore_mode();
    }
}

fn restore_mode() {
    BORROWED.store(false, Ordering::SeqCst);
    if let Err(e) = crossterm::terminal::disable_raw_mode() {
        tracing::warn!("raw mode stays: {e}");
    }
}

fn write(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    // A terminal that is gone is noticed by SIGHUP.
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

/// The sequence that sets the terminal's title.
pub fn title(text: &str) -> Vec<u8> {
    format!("\x1b]2;{}\x07", super::text::clean(text)).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_cannot_end_early() {
        assert_eq!(title("a\x07b"), "\x1b]2;a␇b\x07".as_bytes());
    }
}
