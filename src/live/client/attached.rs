//! A session on a screen of ours: fed off the drawing thread, drawn whenever somebody likes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::watch;

use super::{Peer, Said, Wish, Wishes};
use crate::error::Error;
use crate::fleet::Duplex;
use crate::live::screen::{Screen, SharedScreen};
use crate::live::session::SCROLLBACK;
use crate::wire::holder::{Attach, Hello, Kind, Size, Status};

/// A paste goes in parts, so that the program can be asked about meanwhile.
const LARGEST_INPUT: usize = 64 * 1024;

/// Output that may be on its way to us: what is typed shows after no more than this took.
const CREDIT: u32 = 128 * 1024;
/// We say what we have shown after this much of it; holders reckon with it.
const SAY_AFTER: u64 = 16 * 1024;

/// A picture of more bytes than this takes its time to read, which is not that of whoever draws.
const LARGE: usize = 256 * 1024;

/// A program that begins a picture and never ends it is shown all the same.
const LONGEST_UPDATE: Duration = Duration::from_millis(150);

/// Why an attachment is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The program has ended.
    Ended(Status),
    /// The connection is gone; the session may well go on. [`Attached::again`] takes it up.
    Cut(Error),
}

/// A session that is shown. Dropping it detaches.
pub struct Attached {
    shown: Arc<Shown>,
    wishes: Arc<Wishes>,
    end: watch::Receiver<Option<End>>,
    news: watch::Receiver<u64>,
    wish: Attach,
    tasks: [tokio::task::AbortHandle; 2],
}

/// What was shown so far, by one connection after the other.
struct Shown {
    screen: Arc<SharedScreen>,
    /// The number of the next byte. It and `turn` change only while the screen is locked.
    seq: AtomicU64,
    /// Which connection feeds the screen; one before it has no say any more.
    turn: AtomicU64,
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Attached {
    /// Attaches over a stream that a host's `live.open` gave. Needs a tokio runtime; returns at once.
    pub fn new(io: Duplex, wish: Attach) -> Self {
        Self::wishing(io, wish, Arc::default())
    }

    /// As [`Self::new`], for somebody who has wishes already.
    pub fn wishing(io: Duplex, wish: Attach, wishes: Arc<Wishes>) -> Self {
        let screen = Screen::with_scrollback(wish.cols.max(1), wish.rows.max(1), SCROLLBACK);
        let screen = Arc::new(SharedScreen::new(screen));
        let shown = Shown { screen, seq: AtomicU64::new(0), turn: AtomicU64::new(0) };
        Self::on(io, wish, wishes, Arc::new(shown), 0)
    }

    /// Takes up a session again after the connection was cut: on the same screen, from where the
    /// output broke off, with what is wished for still.
    #[must_use]
    pub fn again(&self, io: Duplex) -> Self {
        self.leave();
        self.wishes.resize_again();
        let ((cols, rows), turn, seq) = self.shown.screen.with(|screen| {
            let turn = self.shown.turn.fetch_add(1, Ordering::AcqRel) + 1;
            (screen.size(), turn, self.shown.seq.load(Ordering::Acquire))
        });
        let wish = Attach { cols, rows, after: Some(seq).filter(|seq| *seq > 0), ..self.wish };
        Self::on(io, wish, self.wishes.clone(), self.shown.clone(), turn)
    }

    fn on(io: Duplex, wish: Attach, wishes: Arc<Wishes>, shown: Arc<Shown>, turn: u64) -> Self {
        let (reader, writer) = tokio::io::split(io);
        let (end, ended) = watch::channel(None);
        let (news, newest) = watch::channel(shown.screen.generation());
        let wish = Attach { credit: CREDIT, ..wish };
        let (said, seen) = watch::channel(0);
        let feeder = Feeder { shown: shown.clone(), turn, news, end, said };
        let carrying = carry(writer, wish, wishes.clone(), seen);
        let tasks =
            [tokio::spawn(feeder.run(reader)), tokio::spawn(carrying)].map(|task| task.abort_handle());
        Self { shown, wishes, end: ended, news: newest, wish, tasks }
    }

    /// The screen, and the number of its newest picture.
    pub fn screen(&self) -> &Arc<SharedScreen> {
        &self.shown.screen
    }

    /// Becomes another number whenever there is a new picture.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.clone()
    }

    /// Types. `false` when so much waits already that this is not taken.
    pub fn send_input(&self, bytes: &[u8]) -> bool {
        self.wishes.input(bytes)
    }

    /// Asks for a size; the screen has it once the holder says so.
    pub fn resize(&self, cols: u16, rows: u16) {
        self.wishes.resize(cols, rows);
    }

    fn leave(&self) {
        self.tasks.iter().for_each(tokio::task::AbortHandle::abort);
    }

    /// Why it is over, if it is.
    pub fn end(&self) -> Option<End> {
        self.end.borrow().clone()
    }

    /// Waits until it is over.
    pub async fn ended(&self) -> End {
        let mut end = self.end.clone();
        match end.wait_for(Option::is_some).await {
            Ok(end) => end.clone().unwrap_or_else(cut),
            Err(_) => cut(),
        }
    }
}

fn cut() -> End {
    End::Cut(Error::unreachable("the connection to the session is gone"))
}

/// Applies what the holder says.
struct Feeder {
    shown: Arc<Shown>,
    turn: u64,
    news: watch::Sender<u64>,
    end: watch::Sender<Option<End>>,
    /// What was said to be shown.
    said: watch::Sender<u64>,
}

impl Feeder {
    async fn run(self, reader: ReadHalf<Duplex>) {
        let mut peer = Peer::new(reader);
        // The program is in the middle of a picture (mode 2026), so the last whole one stays.
        let mut held = false;
        let end = loop {
            let said = match held {
                false => peer.next().await,
                true => match tokio::time::timeout(LONGEST_UPDATE, peer.next()).await {
                    Ok(said) => said,
                    Err(_) => {
                        self.change(0, Screen::end_update);
                        held = false;
                        self.news.send_replace(self.shown.screen.generation());
                        continue;
                    }
                },
            };
            match said {
                Ok(Some(Said::Ended(status))) => break End::Ended(status),
                Ok(Some(said)) => held = self.apply(said).await,
                Ok(None) => break cut(),
                Err(error) => break End::Cut(error),
            }
        };
        self.end.send_replace(Some(end));
        self.news.send_modify(|n| *n += 1);
    }

    /// Takes in what was said; whether the picture is not whole yet.
    async fn apply(&self, said: Said) -> bool {
        match said {
            Said::Snapshot(header, bytes) => {
                let large = bytes.len() > LARGE;
                let (shown, turn) = (self.shown.clone(), self.turn);
                let take = move || {
                    shown.change(turn, header.seq, |screen| {
                        screen.resize(header.cols, header.rows);
                        screen.feed(&bytes);
                        quiet(screen);
                    });
                };
                if large {
                    // An emulator that trips is contained there, as here.
                    let _ = tokio::task::spawn_blocking(take).await;
                } else {
                    take();
                }
                self.said.send_replace(header.seq);
            }
            Said::Output(seq, bytes) => {
                let end = seq + bytes.len() as u64;
                self.change(end, |screen| {
                    screen.feed(&bytes);
                    quiet(screen);
                });
                if end.saturating_sub(*self.said.borrow()) >= SAY_AFTER {
                    self.said.send_replace(end);
                    // Whoever shares the thread has a turn in the middle of a flood.
                    tokio::task::yield_now().await;
                }
            }
            Said::Size(size) => self.change(0, |screen| screen.resize(size.cols, size.rows)),
            _ => return false,
        }
        let held = self.shown.screen.with(|screen| screen.modes().synchronized);
        if !held {
            self.news.send_replace(self.shown.screen.generation());
        }
        held
    }

    fn change(&self, seq: u64, change: impl FnOnce(&mut Screen)) {
        self.shown.change(self.turn, seq, change);
    }
}

impl Shown {
    /// Changes the screen, and says up to which byte it is now; unless another connection has its turn.
    fn change(&self, turn: u64, seq: u64, change: impl FnOnce(&mut Screen)) {
        self.screen.change(|screen| {
            if self.turn.load(Ordering::Acquire) == turn {
                change(screen);
                self.seq.fetch_max(seq, Ordering::AcqRel);
            }
        });
    }
}

/// The holder has answered the program's questions; ours would be a second answer.
fn quiet(screen: &mut Screen) {
    drop(screen.take_replies());
}

/// Says hello, attaches, and carries wishes until the connection breaks, which the feeder notices.
async fn carry(
    mut writer: WriteHalf<Duplex>,
    wish: Attach,
    wishes: Arc<Wishes>,
    mut shown: watch::Receiver<u64>,
) {
    let mut frames = vec![Kind::Hello.json(&Hello::default()), Kind::Attach.json(&wish)];
    loop {
        for frame in frames.drain(..) {
            match frame {
                Ok(bytes) if writer.write_all(&bytes).await.is_ok() => {}
                _ => return,
            }
        }
        if writer.flush().await.is_err() {
            return;
        }
        tokio::select! {
            Wish { size, input } = wishes.next() => {
                frames.extend(size.map(|(cols, rows)| Kind::Resize.json(&Size { cols, rows })));
                frames.extend(input.chunks(LARGEST_INPUT).map(|part| Ok(Kind::Input.bytes(part))));
            }
            // A feeder that has ended says nothing more, but what is typed may still arrive.
            Ok(()) = shown.changed() => {
                frames.push(Ok(Kind::Shown.bytes(&shown.borrow_and_update().to_le_bytes())));
            }
        }
    }
}
