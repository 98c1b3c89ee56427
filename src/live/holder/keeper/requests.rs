//! What clients ask of a holder, frame by frame.

use super::{Keeper, output_frame};
use crate::error::Result;
use crate::live::holder::guest::{Attachment, Guest};
use crate::model::live::Sizes;
use crate::wire::frame::{Frame, MAX_FRAME};
use crate::wire::holder::{
    Attach, Hello, Kind, OuterColors, ScreenQuery, Send, Size, Snapshot, Stop, Take, Wait, join_header, read,
};

/// Output goes to clients in frames of no more than this.
const LARGEST_OUTPUT: usize = 256 * 1024;
/// With more lines of history than this, the screen is shown before them.
const LONG: usize = 500;
/// A picture must fit into a frame.
const LARGEST_PICTURE: usize = MAX_FRAME - 64 * 1024;

impl Keeper {
    pub(super) fn frame(&mut self, index: usize, frame: &Frame) -> Result<()> {
        let payload = &frame.payload;
        // Kinds of a newer version, and those that only we send, are skipped.
        let Some(kind) = Kind::of(frame.kind) else { return Ok(()) };
        if !self.may(index, kind) {
            self.guests[index].dismiss();
            return Ok(());
        }
        match kind {
            Kind::Hello => {
                let hello: Hello = read(payload)?;
                self.guests[index].tell(Kind::Hello.json(&Hello::default()));
                hello.check()?;
            }
            Kind::Attach => self.attach(index, read(payload)?),
            Kind::Input => self.input(index, payload),
            Kind::Resize => {
                let size: Size = read(payload)?;
                if let Some(attached) = &mut self.guests[index].attached {
                    attached.size = wanted(size.cols, size.rows);
                    self.activate(index);
                }
            }
            Kind::Detach => {
                self.guests[index].attached = None;
                self.changed = true;
                self.follow_active();
            }
            Kind::Screen => {
                let query: ScreenQuery = read(payload)?;
                let text = self.session.screen().screen_text(query.scrollback as usize, query.ansi);
                self.guests[index].tell(Kind::Text.json(&text));
            }
            Kind::Status => {
                let status = self.status();
                self.guests[index].tell(Kind::State.json(&status));
            }
            Kind::Send => {
                let send: Send = read(payload)?;
                self.session.send(&send)?;
                self.guests[index].tell(Ok(Kind::Done.bytes(b"")));
            }
            Kind::Stop => {
                let stop: Stop = read(payload)?;
                self.guests[index].stops = true;
                self.stop(stop.force);
            }
            Kind::Shown => {
                let shown = payload.first_chunk().map_or(0, |n| u64::from_le_bytes(*n));
                if let Some(attached) = &mut self.guests[index].attached {
                    // Nobody has shown what was never written.
                    attached.shown = attached.shown.max(shown.min(self.session.seq()));
                }
            }
            Kind::Colors => {
                let colors: OuterColors = read(payload)?;
                if self.guests[index].types() {
                    self.session.screen().set_colors((colors.text, colors.behind));
                }
            }
            Kind::Wait => {
                let wait: Wait = read(payload)?;
                self.guests[index].news_after = Some(wait);
            }
            Kind::Event => {
                let before = self.session.native_id().map(str::to_owned);
                self.session.event(read(payload)?);
                let native = self.session.native_id().map(str::to_owned);
                if native != before {
                    self.record.native_id = native;
                    // On a full disk it is only not known any more after a restart of the machine.
                    let _ = self.folder.write(&self.record);
                }
                self.guests[index].tell(Ok(Kind::Done.bytes(b"")));
            }
            Kind::Share => {
                self.share(read(payload)?)?;
                self.guests[index].tell(Ok(Kind::Done.bytes(b"")));
            }
            Kind::Unshare => {
                self.unshare("unshared");
                self.guests[index].tell(Ok(Kind::Done.bytes(b"")));
            }
            Kind::Take => {
                self.take(index, &read::<Take>(payload)?.token)?;
                self.guests[index].tell(Ok(Kind::Done.bytes(b"")));
            }
            Kind::Rules => {
                self.session.learn(read(payload)?);
                self.guests[index].tell(Ok(Kind::Done.bytes(b"")));
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn attach(&mut self, index: usize, attach: Attach) {
        self.changed = true;
        let looks = self.guests[index].stranger.as_ref().is_some_and(|stranger| stranger.read_only);
        let attach = Attach { read_only: attach.read_only || looks, ..attach };
        if let (Some(colors), false) = (attach.colors, attach.read_only) {
            self.session.screen().set_colors(colors);
        }
        self.guests[index].attached = Some(Attachment {
            size: wanted(attach.cols, attach.rows),
            read_only: attach.read_only,
            history: attach.history,
            sizes: attach.sizes,
            pictures: attach.pictures,
            behind: false,
            lacks_history: false,
            credit: attach.credit.into(),
            sent: attach.after.unwrap_or_default(),
            shown: attach.after.unwrap_or_default(),
        });
        self.activate(index);
        let start = attach.after.unwrap_or_default();
        match attach.after.and_then(|seq| self.session.since(seq)) {
            Some(missed) => {
                let mut seq = start;
                for part in missed.chunks(LARGEST_OUTPUT) {
                    self.guests[index].tell(Ok(output_frame(seq, part)));
                    seq += part.len() as u64;
                }
                if let Some(attached) = &mut self.guests[index].attached {
                    attached.sent = seq;
                }
            }
            None => {
                // Lines of before take their time; who draws by themselves sees the screen in the meantime.
                if !attach.pictures && attach.history > 0 && self.session.screen().history() > LONG {
                    self.picture(index, false);
                    self.guests[index].write();
                }
                self.picture(index, true);
            }
        }
        if self.guests.iter().any(|guest| guest.person().is_some()) {
            self.tell_people();
        }
    }

    /// Sends a whole picture. To one that cannot follow it goes without history (`whole` is false): with
    /// ten thousand lines it would be behind again at once. They follow when the program is quiet.
    pub(super) fn picture(&mut self, index: usize, whole: bool) {
        let (cols, rows) = self.session.screen().size();
        let seq = self.session.seq();
        let screen = self.session.screen();
        let guest = &mut self.guests[index];
        let Some(attached) = &mut guest.attached else { return };
        attached.behind = false;
        // A picture is small against the credit; what comes after it is what counts.
        (attached.sent, attached.shown) = (seq, seq);
        // Also while the alternate screen is shown: the lines are seen when the program leaves it.
        attached.lacks_history = !whole && attached.history > 0;
        let header = Snapshot { seq, cols, rows, title: screen.title().map(str::to_owned) };
        let mut history = if whole { attached.history as usize } else { 0 };
        let mut bytes = screen.formatted(history);
        // Lines of many colours are long.
        while bytes.len() > LARGEST_PICTURE && history > 0 {
            history /= 2;
            bytes = screen.formatted(history);
        }
        guest.tell(join_header(&header, &bytes).map(|payload| Kind::Snapshot.bytes(&payload)));
    }

    pub(super) fn input(&mut self, index: usize, bytes: &[u8]) {
        if self.guests[index].types() {
            self.activate(index);
            self.session.type_for_person(bytes);
        }
    }

    /// Somebody did something there: the size follows.
    pub(super) fn activate(&mut self, index: usize) {
        self.activity += 1;
        self.guests[index].active = self.activity;
        self.follow_active();
    }

    /// Takes the size of the client that was active last, or the smallest if it wishes so.
    pub(super) fn follow_active(&mut self) {
        let sized = || {
            self.guests.iter().filter_map(|g| {
                let attached = g.attached.as_ref().filter(|a| !a.read_only)?;
                Some((g.active, attached.size?, attached.sizes))
            })
        };
        let Some((_, mut size, sizes)) = sized().max_by_key(|(active, ..)| *active) else { return };
        if sizes == Sizes::Smallest {
            size.cols = sized().map(|(_, s, _)| s.cols).min().unwrap_or(size.cols);
            size.rows = sized().map(|(_, s, _)| s.rows).min().unwrap_or(size.rows);
        }
        if self.session.resize(size.cols, size.rows) {
            let (cols, rows) = self.session.screen().size();
            for guest in self.guests.iter_mut().filter(|g| g.attached.is_some()) {
                guest.tell(Kind::Size.json(&Size { cols, rows }));
            }
            let real = |guest: &Guest| guest.attached.as_ref().is_some_and(|a| a.pictures);
            for index in 0..self.guests.len() {
                if real(&self.guests[index]) {
                    self.picture(index, true);
                }
            }
        }
    }
}

/// A size that a client asked for; 0 means that it takes what there is.
fn wanted(cols: u16, rows: u16) -> Option<Size> {
    (cols > 0 && rows > 0).then_some(Size { cols, rows })
}
