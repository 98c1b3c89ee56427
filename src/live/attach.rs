//! This terminal becomes a session's, until the person leaves or the session is gone. A connection that
//! breaks is made anew.
//!
//! ```text
//!            broken               Ctrl-]
//! attached ---------> waiting ------------> left
//!    ^                  |  \ gone: error
//!    +---- attached ----+
//! ```

mod colors;
mod leave;
mod terminal;

use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::colors::Colors;
use self::leave::{Leave, Typed};
use self::terminal::Terminal;
use super::client::{Peer, Retry, Said, is_final};
use crate::error::{At, Error, Result};
use crate::fleet::Duplex;
use crate::wire::holder::{Attach, Hello, Kind, OuterColors, Size, Status};

/// `Ctrl-]`, the key that leaves; pressed twice it goes to the program.
pub const LEAVE: u8 = 0x1d;
/// Output that may be on its way to the terminal: what is typed shows after no more than this took.
const CREDIT: u32 = 128 * 1024;
/// We say what was shown after this much of it; holders reckon with it.
const SAY_AFTER: u64 = 16 * 1024;
/// What may be typed while there is no connection, in bytes.
const MOST_EARLY: usize = 4096;

/// Why the terminal is the person's again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// The person left; the session goes on.
    Detached,
    /// The program has ended.
    Ended(Box<Status>),
}

/// How the session is attached.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// As what: the size, and what else belongs to a real terminal, is filled in.
    pub wish: Attach,
    /// Whether the program may fill the clipboard.
    pub clipboard: bool,
}

/// Gives the terminal to a session over a stream that a host's `live.open` gave; `again` gives another
/// one when that breaks. The terminal's modes come back however this ends.
///
/// # Errors
/// `usage` when there is no terminal; what `again` says when the session is gone.
pub async fn attach(first: Duplex, manner: Manner, again: impl AsyncFn() -> Result<Duplex>) -> Result<Left> {
    let mut person = Person::new(manner)?;
    person.screen.write(colors::ASK).await?;
    let mut next = Some(first);
    let mut retry = Retry::default();
    loop {
        let error = match next.take() {
            Some(io) => match person.attached(io, &mut retry).await? {
                After::Left(left) => return Ok(left),
                After::Broken(error) => error,
            },
            None => match person.meanwhile(again()).await {
                Meanwhile::Left => return Ok(Left::Detached),
                Meanwhile::Done(Ok(io)) => {
                    next = Some(io);
                    continue;
                }
                Meanwhile::Done(Err(error)) => error,
            },
        };
        if is_final(&error) {
            return Err(error);
        }
        person.screen.tell(&format!("{}; trying again (Ctrl-] leaves)", error.message)).await?;
        if person.rest(&mut retry).await {
            return Ok(Left::Detached);
        }
    }
}

/// How an attachment ended.
enum After {
    Left(Left),
    Broken(Error),
}

/// What came of something while the person could leave.
enum Meanwhile<T> {
    Left,
    Done(T),
}

/// The person and their terminal.
struct Person {
    manner: Manner,
    screen: Terminal,
    keys: Leave,
    colors: Colors,
    /// Typed while there was no connection.
    early: Vec<u8>,
    resized: Signal,
    ends: [Signal; 2],
}

/// What the person did.
enum Act {
    Typed(Typed),
    Resized,
    /// The terminal is gone, or we are told to end.
    Ended,
}

impl Person {
    fn new(manner: Manner) -> Result<Self> {
        let screen = Terminal::enter(manner.clipboard)?;
        let on = |kind| signal(kind).at("signals");
        Ok(Self {
            manner,
            screen,
            keys: Leave::new(crate::sys::polled::stdin()),
            colors: Colors::default(),
            early: Vec::new(),
            resized: on(SignalKind::window_change())?,
            ends: [on(SignalKind::hangup())?, on(SignalKind::terminate())?],
        })
    }

    /// The next act. Nothing is lost when this is dropped before it is ready.
    async fn act(&mut self) -> Act {
        let [hung_up, terminated] = &mut self.ends;
        tokio::select! {
            typed = self.keys.next() => Act::Typed(typed),
            _ = self.resized.recv() => Act::Resized,
            _ = hung_up.recv() => Act::Ended,
            _ = terminated.recv() => Act::Ended,
        }
    }

    /// Serves one connection to its end.
    async fn attached(&mut self, io: Duplex, retry: &mut Retry) -> Result<After> {
        let (reader, mut writer) = tokio::io::split(io);
        let mut peer = Peer::new(reader);
        match self.talk(&mut peer, &mut writer, retry).await {
            Ok(left) => Ok(After::Left(left)),
            Err(Trouble::Terminal(error)) => Err(error),
            Err(Trouble::Connection(error)) => Ok(After::Broken(error)),
        }
    }

    async fn talk(
        &mut self,
        peer: &mut Peer<ReadHalf<Duplex>>,
        writer: &mut WriteHalf<Duplex>,
        retry: &mut Retry,
    ) -> Result<Left, Trouble> {
        let (cols, rows) = terminal::size();
        let colors = self.colors.both();
        let wish = Attach { cols, rows, colors, credit: CREDIT, pictures: true, ..self.manner.wish };
        say(writer, Kind::Hello.json(&Hello::default())).await?;
        say(writer, Kind::Attach.json(&wish)).await?;
        let early = std::mem::take(&mut self.early);
        if !early.is_empty() {
            say(writer, Ok(Kind::Input.bytes(&early))).await?;
        }
        let mut shown = 0;
        loop {
            let said = tokio::select! {
                said = peer.next() => said.map_err(Trouble::Connection)?,
                act = self.act() => {
                    match act {
                        Act::Typed(Typed::Leave) | Act::Ended => return Ok(Left::Detached),
                        Act::Typed(Typed::Input(bytes)) => self.type_bytes(bytes, writer).await?,
                        Act::Resized => {
                            let (cols, rows) = terminal::size();
                            say(writer, Kind::Resize.json(&Size { cols, rows })).await?;
                        }
                    }
                    continue;
                }
            };
            match said {
                None => {
                    let gone = Error::unreachable("the connection to the session is gone");
                    return Err(Trouble::Connection(gone));
                }
                Some(Said::Ended(status)) => return Ok(Left::Ended(Box::new(status))),
                Some(Said::Snapshot(header, bytes)) => {
                    retry.reset();
                    self.screen.show(&bytes).await.map_err(Trouble::Terminal)?;
                    shown = header.seq;
                    say(writer, Ok(Kind::Shown.bytes(&shown.to_le_bytes()))).await?;
                }
                Some(Said::Output(seq, bytes)) => {
                    self.screen.show(&bytes).await.map_err(Trouble::Terminal)?;
                    let end = seq + bytes.len() as u64;
                    if end.saturating_sub(shown) >= SAY_AFTER {
                        shown = end;
                        say(writer, Ok(Kind::Shown.bytes(&shown.to_le_bytes()))).await?;
                    }
                }
                Some(Said::People(people)) => self.screen.who(&people).await.map_err(Trouble::Terminal)?,
                Some(_) => {}
            }
        }
    }

    /// Passes on what was typed. What the terminal says of its colours among it is for the holder.
    async fn type_bytes(&mut self, bytes: Vec<u8>, writer: &mut WriteHalf<Duplex>) -> Result<(), Trouble> {
        let known = self.colors.both();
        let bytes = self.colors.take(bytes);
        if let Some((text, behind)) = self.colors.both().filter(|_| known.is_none()) {
            say(writer, Kind::Colors.json(&OuterColors { text, behind })).await?;
        }
        match bytes.is_empty() {
            true => Ok(()),
            false => say(writer, Ok(Kind::Input.bytes(&bytes))).await,
        }
    }

    /// Waits for something; what is typed meanwhile is kept.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> Meanwhile<T> {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Meanwhile::Done(done),
                act = self.act() => if self.keep(act).is_none() { return Meanwhile::Left },
            }
        }
    }

    /// Waits for the next attempt; whether the person has left meanwhile. Somebody who types does not want
    /// to wait.
    async fn rest(&mut self, retry: &mut Retry) -> bool {
        let pause = retry.pause();
        if let Meanwhile::Left = self.meanwhile(tokio::time::sleep(Retry::SHORTEST)).await {
            return true;
        }
        let end = tokio::time::sleep(pause.saturating_sub(Retry::SHORTEST));
        let mut end = std::pin::pin!(end);
        loop {
            tokio::select! {
                () = &mut end => return false,
                act = self.act() => match self.keep(act) {
                    None => return true,
                    Some(typed) if typed => return false,
                    Some(_) => {}
                },
            }
        }
    }

    /// Keeps what was typed without a connection, as far as there is room; whether something was, `None`
    /// when the person leaves.
    fn keep(&mut self, act: Act) -> Option<bool> {
        match act {
            Act::Typed(Typed::Leave) | Act::Ended => None,
            Act::Typed(Typed::Input(bytes)) => {
                let bytes = self.colors.take(bytes);
                if self.early.len() + bytes.len() <= MOST_EARLY {
                    self.early.extend_from_slice(&bytes);
                }
                Some(!bytes.is_empty())
            }
            Act::Resized => Some(false),
        }
    }
}

/// What ends an attachment.
enum Trouble {
    /// It can be made again.
    Connection(Error),
    /// Nothing can be shown any more.
    Terminal(Error),
}

async fn say(writer: &mut WriteHalf<Duplex>, frame: Result<Vec<u8>>) -> Result<(), Trouble> {
    let said = async {
        writer.write_all(&frame?).await.at("the session")?;
        writer.flush().await.at("the session")
    };
    said.await.map_err(Trouble::Connection)
}
