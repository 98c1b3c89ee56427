//! This terminal becomes a session's, until the person leaves or the program ends.

use std::io::Write;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::client::{Peer, Said};
use super::screen::{Outward, RESTORE};
use crate::error::{At, Error, Result};
use crate::fleet::Duplex;
use crate::sys::tty::{self, RawMode};
use crate::wire::holder::{Attach, Hello, Kind, People, Size, Status};

/// `Ctrl-]`, the key that leaves; pressed twice it goes to the program.
pub const LEAVE: u8 = 0x1d;
/// How long the second press may take.
const TWICE: Duration = Duration::from_millis(400);
const ANY_SIZE: (u16, u16) = (80, 24);
/// Output that may be on its way to the terminal: what is typed shows after no more than this took.
const CREDIT: u32 = 128 * 1024;
/// We say what was shown after this much of it; holders reckon with it.
const SAY_AFTER: u64 = 16 * 1024;

/// Why the terminal is the person's again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// The person left; the session goes on.
    Detached,
    /// The program has ended.
    Ended(Box<Status>),
}

/// Gives the terminal to a session over a stream that a host's `live.open` gave, as `wish` says but with
/// the terminal's size. Its modes come back however this ends.
///
/// # Errors
/// `usage` when there is no terminal; `unreachable` when the connection breaks.
pub async fn attach(io: Duplex, wish: Attach) -> Result<Left> {
    let (reader, mut writer) = tokio::io::split(io);
    let (cols, rows) = tty::size().unwrap_or(ANY_SIZE);
    let _raw = RawMode::enter()?;
    let _modes = Modes;
    let mut keys = keys()?;
    let mut resized = signal(SignalKind::window_change()).at("the terminal's size")?;
    let mut hung_up = signal(SignalKind::hangup()).at("hang-ups")?;
    let mut terminated = signal(SignalKind::terminate()).at("the end")?;
    let mut say = async |frame: Result<Vec<u8>>| -> Result<()> {
        writer.write_all(&frame?).await.at("the session")?;
        writer.flush().await.at("the session")
    };
    say(Kind::Hello.json(&Hello::default())).await?;
    say(Kind::Attach.json(&Attach { cols, rows, credit: CREDIT, pictures: true, ..wish })).await?;
    let mut peer = Peer::new(reader);
    let mut screen = Terminal { out: tokio::io::stdout(), outward: Outward::default() };
    let mut leave = Leave::default();
    let mut shown = 0;
    loop {
        tokio::select! {
            said = peer.next() => match said? {
                None => return Err(Error::unreachable("the connection to the session is gone")),
                Some(Said::Ended(status)) => return Ok(Left::Ended(Box::new(status))),
                Some(Said::Snapshot(header, bytes)) => {
                    screen.show(&bytes).await?;
                    shown = header.seq;
                    say(Ok(Kind::Shown.bytes(&shown.to_le_bytes()))).await?;
                }
                Some(Said::Output(seq, bytes)) => {
                    screen.show(&bytes).await?;
                    let end = seq + bytes.len() as u64;
                    if end.saturating_sub(shown) >= SAY_AFTER {
                        shown = end;
                        say(Ok(Kind::Shown.bytes(&shown.to_le_bytes()))).await?;
                    }
                }
                Some(Said::People(people)) => screen.who(&people).await?,
                Some(_) => {}
            },
            typed = leave.next(&mut keys) => match typed {
                Typed::Leave => return Ok(Left::Detached),
                Typed::Input(bytes) => say(Ok(Kind::Input.bytes(&bytes))).await?,
            },
            _ = resized.recv() => {
                let (cols, rows) = tty::size().unwrap_or(ANY_SIZE);
                say(Kind::Resize.json(&Size { cols, rows })).await?;
            }
            _ = hung_up.recv() => return Ok(Left::Detached),
            _ = terminated.recv() => return Ok(Left::Detached),
        }
    }
}

/// The real terminal.
struct Terminal {
    out: tokio::io::Stdout,
    outward: Outward,
}

impl Terminal {
    /// Says who is in, where it is in nobody's way: bell and title. The title comes back with the next
    /// one that the program sets.
    async fn who(&mut self, people: &People) -> Result<()> {
        let others: Vec<String> = people
            .others
            .iter()
            .map(|person| format!("{}{}", person.user, if person.read_only { " (looks)" } else { "" }))
            .collect();
        let others = if others.is_empty() { "nobody else".to_owned() } else { others.join(", ") };
        let text = format!("sf: session of {}, shared with {others}", people.owner);
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        self.out.write_all(format!("\x1b]2;{text}\x07\x07").as_bytes()).await.at("the terminal")?;
        self.out.flush().await.at("the terminal")
    }

    async fn show(&mut self, bytes: &[u8]) -> Result<()> {
        let bytes = self.outward.pass(bytes);
        self.out.write_all(&bytes).await.at("the terminal")?;
        self.out.flush().await.at("the terminal")
    }
}

/// Puts the terminal's modes back when dropped.
struct Modes;

impl Drop for Modes {
    fn drop(&mut self) {
        let mut out = std::io::stdout();
        // Below what the session left on the screen. A terminal that is gone needs nothing.
        let rows = tty::size().map_or(ANY_SIZE.1, |(_, rows)| rows);
        let _ = write!(out, "{RESTORE}\x1b[{rows};1H\r\n");
        let _ = out.flush();
    }
}

/// What the person did.
#[derive(Debug, PartialEq, Eq)]
enum Typed {
    Input(Vec<u8>),
    Leave,
}

/// Watches for the key that leaves.
#[derive(Debug, Default)]
struct Leave {
    /// The key was pressed, and what came after it in the same read.
    pressed: Option<Vec<u8>>,
}

impl Leave {
    /// The next input, with the key taken out. Nothing is lost when this is dropped before it is ready.
    async fn next(&mut self, keys: &mut mpsc::Receiver<Vec<u8>>) -> Typed {
        loop {
            let bytes = match self.pressed.take_if(|rest| !rest.is_empty()) {
                Some(rest) => {
                    self.pressed = Some(Vec::new());
                    rest
                }
                None if self.pressed.is_some() => match tokio::time::timeout(TWICE, keys.recv()).await {
                    Ok(Some(bytes)) => bytes,
                    Ok(None) | Err(_) => return Typed::Leave,
                },
                None => match keys.recv().await {
                    Some(bytes) => bytes,
                    // The terminal is closed.
                    None => return Typed::Leave,
                },
            };
            if let Some(typed) = self.take(bytes) {
                return typed;
            }
        }
    }

    /// Looks through what was read at once.
    fn take(&mut self, mut bytes: Vec<u8>) -> Option<Typed> {
        if self.pressed.take().is_some() {
            return Some(match bytes.first() {
                Some(&LEAVE) => {
                    self.after(&mut bytes, 1);
                    Typed::Input(bytes)
                }
                _ => Typed::Leave,
            });
        }
        self.after(&mut bytes, 0);
        (!bytes.is_empty()).then_some(Typed::Input(bytes))
    }

    /// Cuts the bytes at the key, if it is there after the first `from`.
    fn after(&mut self, bytes: &mut Vec<u8>, from: usize) {
        if let Some(at) = bytes.iter().skip(from).position(|b| *b == LEAVE).map(|at| at + from) {
            let rest = bytes.split_off(at + 1);
            bytes.truncate(at);
            self.pressed = Some(rest);
        }
    }
}

/// Reads the keyboard in a thread of its own: a read that blocks cannot be taken back. It ends with
/// the process.
fn keys() -> Result<mpsc::Receiver<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel(64);
    std::thread::Builder::new()
        .name("keys".into())
        .spawn(move || {
            let mut buffer = [0; 4096];
            let stdin = std::io::stdin();
            loop {
                match rustix::io::read(&stdin, &mut buffer) {
                    Ok(0) => return,
                    Ok(n) if sender.blocking_send(buffer[..n].to_vec()).is_err() => return,
                    Ok(_) | Err(rustix::io::Errno::INTR) => {}
                    Err(_) => return,
                }
            }
        })
        .at("a thread")?;
    Ok(receiver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn once_leaves_and_twice_types() {
        for (reads, wanted) in [
            (&[&b"ab\x1d"[..]][..], &[Typed::Input(b"ab".to_vec()), Typed::Leave][..]),
            (&[b"\x1d", b"x"], &[Typed::Leave]),
            (&[b"\x1d", b"\x1dc"], &[Typed::Input(b"\x1dc".to_vec())]),
            (&[b"a\x1d\x1db"], &[Typed::Input(b"a".to_vec()), Typed::Input(b"\x1db".to_vec())]),
            (&[b"\x1d\x1d\x1dz"], &[Typed::Input(b"\x1d".to_vec()), Typed::Leave]),
        ] {
            let (sender, mut keys) = mpsc::channel(8);
            for read in reads {
                sender.try_send(read.to_vec()).expect("room");
            }
            let mut leave = Leave::default();
            for typed in wanted {
                assert_eq!(&leave.next(&mut keys).await, typed, "{reads:?}");
            }
        }
    }
}
