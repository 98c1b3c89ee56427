//! One client of a holder: its connection, and what is on its way to it.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::rc::Rc;

use super::gate;
use crate::error::Result;
use crate::model::live::Sizes;
use crate::sys::clock::Watch;
use crate::sys::proc;
use crate::wire::frame::{Decoder, Frame};
use crate::wire::holder::{MAX_REQUEST, Person, Size, Wait};

/// Output that may wait for a client; beyond it the client gets a fresh picture instead.
const MOST_WAITING: usize = 512 * 1024;
/// So much a client may have shown without saying so.
pub(super) const SLACK: u64 = 16 * 1024;

/// A client.
pub(super) struct Guest {
    stream: UnixStream,
    decoder: Decoder,
    waiting: VecDeque<Waiting>,
    /// How much of the first one has been written.
    written: usize,
    bytes: usize,
    gone: bool,
    /// Its attachment, if it has one.
    pub attached: Option<Attachment>,
    /// It wants to know when there is more than this.
    pub news_after: Option<Wait>,
    /// It wants to know when the program has ended.
    pub stops: bool,
    /// Grows with each thing that a person does there.
    pub active: u64,
    /// Somebody else, who came by the gate.
    pub stranger: Option<Stranger>,
}

/// Another user.
pub(super) struct Stranger {
    pub uid: u32,
    pub user: String,
    /// Has shown the token.
    pub admitted: bool,
    pub read_only: bool,
    /// When they came.
    pub since: Watch,
}

/// What a client sees of the session.
pub(super) struct Attachment {
    /// Its size; `None` when it takes what there is.
    pub size: Option<Size>,
    pub read_only: bool,
    /// Lines of history that go with a snapshot.
    pub history: u32,
    /// Which size the session has while it is the active one.
    pub sizes: Sizes,
    /// It wants a picture after each change of the size.
    pub pictures: bool,
    /// It missed output and needs a snapshot.
    pub behind: bool,
    /// The snapshot that it got instead was without history, to be quick; it is owed.
    pub lacks_history: bool,
    /// Output that may be on the way, 0 for any; the number of the last byte that left here, and that was shown.
    pub credit: u64,
    pub sent: u64,
    pub shown: u64,
}

impl Attachment {
    /// Whether it has shown nearly all that was sent; it does not say so for every byte.
    fn caught_up(&self) -> bool {
        self.credit == 0 || self.shown + SLACK >= self.sent
    }
}

struct Waiting {
    bytes: Rc<Vec<u8>>,
    /// Output up to this number, which may be dropped.
    output: Option<u64>,
}

impl Guest {
    /// Lets a client in, if it is us.
    pub fn welcome(stream: UnixStream) -> Option<Self> {
        if !same_user(&stream) {
            return None;
        }
        Self::new(stream, None)
    }

    /// Lets anybody knock; until they have shown the token they get nothing.
    pub fn knocks(stream: UnixStream) -> Option<Self> {
        let (uid, user) = gate::user(&stream)?;
        let stranger = Stranger { uid, user, admitted: false, read_only: true, since: Watch::start() };
        Self::new(stream, Some(stranger))
    }

    fn new(stream: UnixStream, stranger: Option<Stranger>) -> Option<Self> {
        stream.set_nonblocking(true).ok()?;
        Some(Self {
            stream,
            decoder: Decoder::new(MAX_REQUEST),
            waiting: VecDeque::new(),
            written: 0,
            bytes: 0,
            gone: false,
            attached: None,
            news_after: None,
            stops: false,
            active: 0,
            stranger,
        })
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    pub fn gone(&self) -> bool {
        self.gone
    }

    /// Hears no more of it.
    pub fn dismiss(&mut self) {
        self.gone = true;
    }

    /// Somebody who came by the gate and has shown the token.
    pub fn person(&self) -> Option<Person> {
        let stranger = self.stranger.as_ref().filter(|stranger| stranger.admitted)?;
        Some(Person { user: stranger.user.clone(), read_only: stranger.read_only })
    }

    /// Somebody who does not read the answers gets to ask no more.
    pub fn may_ask(&self) -> bool {
        self.bytes < MOST_WAITING
    }

    /// Whether it may type: while the program does not read, it has to wait. Others still get answers.
    pub fn types(&self) -> bool {
        self.attached.as_ref().is_some_and(|a| !a.read_only)
    }

    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Reads what it asks. A connection that ends, or sends nonsense, is gone.
    pub fn read(&mut self) -> Vec<Frame> {
        let mut buffer = [0; 4 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => self.gone = true,
            Ok(n) => self.decoder.push(&buffer[..n]),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => self.gone = true,
        }
        let mut frames = Vec::new();
        loop {
            match self.decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => return frames,
                Err(_) => {
                    self.gone = true;
                    return frames;
                }
            }
        }
    }

    /// Queues a frame that must arrive. One that could not be made ends the connection.
    pub fn tell(&mut self, frame: Result<Vec<u8>>) {
        match frame {
            Ok(bytes) => self.queue(Rc::new(bytes), None),
            Err(_) => self.gone = true,
        }
    }

    /// Queues output up to a number, or drops all that waits when it is too much.
    pub fn output(&mut self, frame: &Rc<Vec<u8>>, end: u64) {
        let Some(attached) = &mut self.attached else { return };
        if attached.behind {
            return;
        }
        let credit = attached.credit == 0 || end.saturating_sub(attached.shown) <= attached.credit;
        if credit && self.bytes + frame.len() <= MOST_WAITING {
            return self.queue(Rc::clone(frame), Some(end));
        }
        attached.behind = true;
        // The frame that is half written must go out whole.
        let first = if self.written > 0 { self.waiting.pop_front() } else { None };
        self.waiting.retain(|w| w.output.is_none());
        self.waiting.extend(first);
        self.waiting.rotate_right(usize::from(self.written > 0));
        self.bytes = self.waiting.iter().map(|w| w.bytes.len()).sum();
    }

    fn queue(&mut self, bytes: Rc<Vec<u8>>, output: Option<u64>) {
        self.bytes += bytes.len();
        self.waiting.push_back(Waiting { bytes, output });
    }

    /// Whether it could take the history that it was not sent.
    pub fn lacks_history(&self) -> bool {
        self.waiting.is_empty() && self.attached.as_ref().is_some_and(|a| a.lacks_history && a.caught_up())
    }

    /// Whether it should get a picture now: it is behind, and has read all there was.
    pub fn wants_picture(&self) -> bool {
        self.waiting.is_empty() && self.attached.as_ref().is_some_and(|a| a.behind && a.caught_up())
    }

    /// Writes as much as goes.
    pub fn write(&mut self) {
        while let Some(front) = self.waiting.front() {
            match self.stream.write(&front.bytes[self.written..]) {
                Ok(n) => self.written += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                Err(_) => {
                    self.gone = true;
                    return;
                }
            }
            if self.written == front.bytes.len() {
                self.bytes -= front.bytes.len();
                self.written = 0;
                // What is dropped is never shown, so only what has left is waited for.
                let left = self.waiting.pop_front().and_then(|frame| frame.output);
                if let (Some(end), Some(attached)) = (left, &mut self.attached) {
                    attached.sent = attached.sent.max(end);
                }
            }
        }
    }
}

/// The folder is 0700 and the socket 0600; this holds even when somebody loosens them.
fn same_user(stream: &UnixStream) -> bool {
    #[cfg(target_os = "linux")]
    return rustix::net::sockopt::socket_peercred(stream).is_ok_and(|peer| peer.uid.as_raw() == proc::uid());
    #[cfg(not(target_os = "linux"))]
    return true;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_who_was_slow_gets_a_picture_once_all_that_left_is_shown() {
        let (ours, mut theirs) = UnixStream::pair().expect("a pair");
        let mut guest = Guest::welcome(ours).expect("it is us");
        guest.attached = Some(Attachment {
            size: None,
            read_only: false,
            history: 0,
            sizes: Sizes::default(),
            pictures: false,
            behind: false,
            lacks_history: false,
            credit: 4 * 1024 * 1024,
            sent: 0,
            shown: 0,
        });
        // More than the socket and the queue hold, in frames of a kilobyte.
        let frame = Rc::new(vec![b'x'; 1024]);
        let mut end = 0;
        while !guest.attached.as_ref().expect("attached").behind {
            end += 1024;
            guest.output(&frame, end);
            guest.write();
        }
        theirs.set_nonblocking(true).expect("a socket");
        let mut shown = 0;
        let mut buffer = [0; 64 * 1024];
        while guest.has_waiting() || shown == 0 {
            while let Ok(n) = theirs.read(&mut buffer) {
                shown += n as u64;
            }
            guest.write();
        }
        while let Ok(n) = theirs.read(&mut buffer) {
            shown += n as u64;
        }
        assert!(shown + SLACK < end, "much was dropped");
        assert!(!guest.wants_picture(), "it has shown nothing yet");
        guest.attached.as_mut().expect("attached").shown = shown;
        assert!(guest.wants_picture());
    }
}
