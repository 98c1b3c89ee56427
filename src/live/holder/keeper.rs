//! The holder's loop: one thread, one poll, no timers while nothing happens.

mod flood;
mod requests;
mod shared;
mod stop;

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use flood::{Flood, MOST_AT_ONCE};

use super::gate::Gate;
use super::guest::Guest;
use crate::error::{At, Result};
use crate::live::pty;
use crate::live::record::{Ended, Folder, LastScreen, Record};
use crate::live::session::{HISTORY, Session};
use crate::sys::Clock;
use crate::sys::clock::Watch;
use crate::sys::memory::Program;
use crate::wire::frame::{Frame, HEADER};
use crate::wire::holder::{Kind, Status};

/// After its end, a program's last output is on its way; what it left in the background may hold the
/// terminal open for ever.
const QUIET: Duration = Duration::from_millis(100);
const LONGEST_DRAIN: Duration = Duration::from_secs(2);
/// How long clients have to take the last frames.
const LONGEST_FAREWELL: Duration = Duration::from_secs(2);
const MOST_GUESTS: usize = 64;
/// Looking what the program is doing, and telling those who wait for that, gives way to what comes in, for no longer
/// than this.
const LOOK_WAITS: Duration = Duration::from_millis(20);

/// A session and all who look at it.
pub(super) struct Keeper {
    session: Session,
    listener: UnixListener,
    /// Becomes readable when the program has ended, and says how.
    child: UnixStream,
    guests: Vec<Guest>,
    folder: Folder,
    record: Record,
    activity: u64,
    /// Since when, and which step comes next.
    stopping: Option<(Watch, usize)>,
    /// Since the program ended, and since its last output after that.
    draining: Option<(Watch, Watch)>,
    /// The way in for others, while there is one.
    gate: Option<Gate>,
    audit: Option<PathBuf>,
    /// Clients came or went since those who wait were told.
    changed: bool,
    /// Since the program's last output.
    quiet: Watch,
    /// Since a look has been due.
    late: Option<Watch>,
    /// Since there is output that somebody waits to hear of.
    news: Option<Watch>,
    flood: Flood,
    /// Output that was read last.
    frame: Rc<Vec<u8>>,
    /// Our own program, of which little is needed while nobody asks anything; and whether it was given back.
    program: Program,
    settled: bool,
}

/// What the poll said.
struct Ready {
    child: bool,
    pty: PollFlags,
    listener: bool,
    gate: bool,
    guests: Vec<PollFlags>,
}

impl Ready {
    /// Whether neither the program nor anybody else has said something.
    fn is_idle(&self) -> bool {
        self.pty.is_empty() && self.guests.iter().all(|flags| flags.is_empty())
    }
}

impl Keeper {
    /// Takes over a session that runs.
    pub fn new(
        session: Session,
        listener: UnixListener,
        folder: Folder,
        record: Record,
        audit: Option<PathBuf>,
    ) -> Result<Self> {
        listener.set_nonblocking(true).at("the holder's socket")?;
        let (child, mut tell) = UnixStream::pair().at("a pair of sockets")?;
        let pid = session.pty().pid();
        std::thread::Builder::new()
            .name("reap".into())
            .stack_size(64 * 1024)
            .spawn(move || {
                let code = pty::reap(pid);
                // The other end is in this process; it is there.
                let _ = tell.write_all(&code.to_le_bytes());
            })
            .at("a thread")?;
        Ok(Self {
            session,
            listener,
            child,
            guests: Vec::new(),
            folder,
            record,
            activity: 0,
            stopping: None,
            draining: None,
            gate: None,
            audit,
            changed: false,
            quiet: Watch::start(),
            late: None,
            news: None,
            flood: Flood::new(),
            frame: Rc::default(),
            program: Program::here(),
            settled: false,
        })
    }

    /// Serves until the program has ended and everybody was told.
    pub fn run(mut self) {
        loop {
            let patience = self.patience();
            if patience.is_none() && !self.settled {
                self.settled = true;
                self.program.forget();
            }
            let ready = self.wait(patience);
            if ready.child {
                self.child_ended();
            }
            if !ready.pty.is_empty() {
                self.output();
            }
            self.session.write();
            if ready.listener {
                self.welcome();
            }
            self.serve(&ready.guests);
            if ready.gate {
                self.knock();
            }
            self.watch_gate();
            self.advance_stop();
            self.look(&ready);
            self.after_round(&ready);
            if self.drained() {
                return self.farewell();
            }
        }
    }

    /// Looks what the program is doing when that is due, but not between a key and its echo.
    fn look(&mut self, ready: &Ready) {
        if self.session.look_due().is_none_or(|left| !left.is_zero()) {
            return;
        }
        if ready.is_idle() || self.late.get_or_insert_with(Watch::start).elapsed() >= LOOK_WAITS {
            self.late = None;
            self.changed |= self.session.look();
        }
    }

    /// How long nothing needs to be done by the clock.
    fn patience(&self) -> Option<Duration> {
        let pause = self.session.pause_left().filter(|left| !left.is_zero());
        let stop = self.stopping.map(|(since, step)| stop::step_due(step).saturating_sub(since.elapsed()));
        let drain = self.draining.map(|(_, quiet)| QUIET.saturating_sub(quiet.elapsed()));
        let changed = self.changed.then_some(Duration::ZERO);
        let look = self.session.look_due();
        let owed =
            self.guests.iter().any(Guest::lacks_history).then(|| QUIET.saturating_sub(self.quiet.elapsed()));
        let news = self.news.map(|since| LOOK_WAITS.saturating_sub(since.elapsed()));
        [pause, stop, drain, changed, look, owed, news, self.gate_due(), self.flood.rest_left()]
            .into_iter()
            .flatten()
            .min()
    }

    fn wait(&self, patience: Option<Duration>) -> Ready {
        // What has said its last word would be ready for ever, so it is left out.
        let child = self.session.exit_code().is_none();
        let pty = !self.session.closed() && self.flood.rest_left().is_none();
        let mut fds = vec![PollFd::from_borrowed_fd(self.listener.as_fd(), PollFlags::IN)];
        if child {
            fds.push(PollFd::from_borrowed_fd(self.child.as_fd(), PollFlags::IN));
        }
        if pty {
            let write = if self.session.wants_to_write() { PollFlags::OUT } else { PollFlags::empty() };
            fds.push(PollFd::from_borrowed_fd(self.session.pty().fd(), PollFlags::IN | write));
        }
        let gate = self.gate.is_some();
        if let Some(gate) = &self.gate {
            fds.push(PollFd::from_borrowed_fd(gate.listener().as_fd(), PollFlags::IN));
        }
        let full = self.session.input_full();
        for guest in &self.guests {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, guest.may_ask() && !(full && guest.types()));
            flags.set(PollFlags::OUT, guest.has_waiting());
            fds.push(PollFd::from_borrowed_fd(guest.fd(), flags));
        }
        // A millisecond more than asked for, so as not to come back too early.
        let limit = patience.map(|p| p + Duration::from_millis(1)).and_then(|p| Timespec::try_from(p).ok());
        if poll(&mut fds, limit.as_ref()).is_err() {
            // A signal; look again.
            fds.iter_mut().for_each(PollFd::clear_revents);
        }
        let mut flags = fds.iter().map(PollFd::revents);
        let mut next =
            |there| if there { flags.next().unwrap_or(PollFlags::empty()) } else { PollFlags::empty() };
        Ready {
            listener: !next(true).is_empty(),
            child: !next(child).is_empty(),
            pty: next(pty),
            gate: !next(gate).is_empty(),
            guests: flags.collect(),
        }
    }

    fn child_ended(&mut self) {
        let mut code = [0; 4];
        let code = match self.child.read_exact(&mut code) {
            Ok(()) => i32::from_le_bytes(code),
            Err(_) => -1,
        };
        self.session.end(code);
        self.stopping = None;
        self.draining = Some((Watch::start(), Watch::start()));
    }

    fn output(&mut self) {
        let start = self.session.seq();
        let seen = self.guests.iter().any(|guest| guest.attached.is_some());
        let (most, patient) = if seen { (MOST_AT_ONCE, false) } else { self.flood.appetite() };
        // All that clients have taken is written into again: memory that is given back and taken anew for each
        // piece of a flood costs more than what is done with it.
        let mut frame = Rc::try_unwrap(std::mem::take(&mut self.frame)).unwrap_or_default();
        frame.clear();
        begin_output(start, &mut frame);
        let header = frame.len();
        let lines = self.session.read(most, patient, &mut frame);
        Frame::end(&mut frame);
        let frame = Rc::new(frame);
        self.frame = Rc::clone(&frame);
        let bytes = &frame[header..];
        if bytes.is_empty() {
            return;
        }
        let pause = self.quiet.elapsed() >= LOOK_WAITS;
        self.quiet = Watch::start();
        if let Some((_, quiet)) = &mut self.draining {
            *quiet = Watch::start();
        }
        self.flood.came(bytes.len(), lines, pause, seen);
        // Ours first: a client that is woken while we go on has to run on another processor, which may have to be
        // woken as well.
        self.session.take(bytes);
        let end = self.session.seq();
        self.guests.iter_mut().for_each(|guest| guest.output(&frame, end));
    }

    fn welcome(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            if self.guests.len() < MOST_GUESTS {
                self.guests.extend(Guest::welcome(stream));
            }
        }
    }

    fn serve(&mut self, ready: &[PollFlags]) {
        for (index, flags) in ready.iter().enumerate() {
            if flags.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
                for frame in self.guests[index].read() {
                    if let Err(error) = self.frame(index, &frame) {
                        self.guests[index].tell(Kind::Failed.json(&error));
                    }
                }
            }
        }
    }

    /// What is due to clients after everything that happened.
    fn after_round(&mut self, ready: &Ready) {
        // Between a key and its echo nobody else is woken.
        let (seq, state) = (self.session.seq(), self.session.state());
        let output = |guest: &Guest| guest.news_after.is_some_and(|wait| seq > wait.seq);
        let since = self.guests.iter().any(output).then(|| *self.news.get_or_insert_with(Watch::start));
        let due = since.is_some_and(|since| ready.is_idle() || since.elapsed() >= LOOK_WAITS);
        self.news = since.filter(|_| !due);
        let changed = std::mem::take(&mut self.changed);
        let news = |guest: &Guest| {
            let state =
                guest.news_after.is_some_and(|wait| changed || wait.state.is_some_and(|seen| seen != state));
            state || due && output(guest)
        };
        let status = self.guests.iter().any(news).then(|| self.status());
        for index in 0..self.guests.len() {
            let guest = &mut self.guests[index];
            if let Some(status) = status.as_ref().filter(|_| news(guest)) {
                guest.news_after = None;
                guest.tell(Kind::State.json(status));
            }
            guest.write();
            if guest.wants_picture() {
                self.picture(index, false);
                self.guests[index].write();
            }
        }
        if self.quiet.elapsed() >= QUIET {
            for index in 0..self.guests.len() {
                if self.guests[index].lacks_history() {
                    self.picture(index, true);
                    self.guests[index].write();
                }
            }
        }
        if self.guests.iter().any(Guest::gone) {
            let detached = self.guests.iter().any(|guest| guest.gone() && guest.attached.is_some());
            self.changed |= detached;
            let left: Vec<String> =
                self.guests.iter().filter(|g| g.gone()).filter_map(|g| Some(g.person()?.user)).collect();
            self.guests.retain(|guest| !guest.gone());
            left.iter().for_each(|user| self.note("left", user, ""));
            if !left.is_empty() {
                self.tell_people();
            }
            self.follow_active();
            // Nobody looks any more, or even listens.
            let alone = detached && !self.guests.iter().any(|guest| guest.attached.is_some());
            self.settled &= !(alone || self.guests.is_empty());
        }
    }

    fn status(&mut self) -> Status {
        let clients = self.guests.iter().filter(|g| g.attached.is_some()).count();
        let status = self.session.status(u32::try_from(clients).unwrap_or(u32::MAX));
        let people = self.guests.iter().filter_map(Guest::person).collect();
        Status { shared: self.gate.as_ref().map(|gate| gate.state(people)), ..status }
    }

    fn drained(&self) -> bool {
        self.draining.is_some_and(|(since, quiet)| {
            self.session.closed() || quiet.elapsed() >= QUIET || since.elapsed() >= LONGEST_DRAIN
        })
    }

    /// Writes down how it ended, tells everybody, and waits until they have it.
    fn farewell(mut self) {
        let (cols, rows) = self.session.screen().size();
        let title = self.session.screen().title().map(str::to_owned);
        let exit_code = self.session.exit_code().unwrap_or(-1);
        self.record.ended = Some(Ended { exit_code, at: Clock::System.now(), title, cols, rows });
        let screen = self.session.screen();
        let ansi = screen.screen_text(HISTORY, true).lines;
        let last = LastScreen { plain: screen.screen_text(HISTORY, false), ansi };
        // On a full disk the session is listed as lost; there is nobody to tell.
        let _ = self.folder.write_last(&self.record.spec.id, &last);
        let _ = self.folder.write(&self.record);
        let _ = std::fs::remove_file(self.folder.socket(&self.record.spec.id));
        // Those who were already knocking.
        self.welcome();
        let status = self.status();
        for guest in &mut self.guests {
            if guest.attached.is_some() {
                guest.tell(Kind::Ended.json(&status));
            }
            if guest.stops || guest.news_after.is_some() {
                guest.tell(Kind::State.json(&status));
            }
        }
        let since = Watch::start();
        loop {
            self.guests.iter_mut().for_each(Guest::write);
            self.guests.retain(|guest| !guest.gone());
            let left = LONGEST_FAREWELL.saturating_sub(since.elapsed());
            if left.is_zero() || !self.guests.iter().any(Guest::has_waiting) {
                return;
            }
            let ready = self.wait(Some(left));
            self.serve(&ready.guests);
        }
    }
}

/// Begins a frame of output whose first byte has this number.
fn begin_output(seq: u64, out: &mut Vec<u8>) {
    Frame::begin(Kind::Output as u8, out);
    out.extend_from_slice(&seq.to_le_bytes());
}

fn output_frame(seq: u64, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER + size_of_val(&seq) + bytes.len());
    begin_output(seq, &mut out);
    out.extend_from_slice(bytes);
    Frame::end(&mut out);
    out
}
