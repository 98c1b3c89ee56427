//! Others in the session: letting them in by the gate, and sending them out.

use std::time::Duration;

use super::Keeper;
use crate::error::{Error, Result};
use crate::live::audit::{self, Step};
use crate::live::holder::gate::{self, Gate, KNOCK};
use crate::live::holder::guest::Guest;
use crate::sys::{Clock, proc};
use crate::wire::holder::{Kind, People, Share};

/// Who knocks without a token must not keep others out.
const MOST_KNOCKING: usize = 8;

impl Keeper {
    /// Whether a client may say such a thing: another user before the token may only show it, and
    /// afterwards look and type.
    pub(super) fn may(&self, index: usize, kind: Kind) -> bool {
        let Some(stranger) = &self.guests[index].stranger else { return kind != Kind::Take };
        match kind {
            Kind::Hello => true,
            Kind::Take => !stranger.admitted,
            Kind::Attach
            | Kind::Input
            | Kind::Resize
            | Kind::Detach
            | Kind::Shown
            | Kind::Colors
            | Kind::Screen
            | Kind::Status
            | Kind::Wait
            | Kind::Unshare => stranger.admitted,
            _ => false,
        }
    }

    pub(super) fn share(&mut self, share: Share) -> Result<()> {
        if self.session.exit_code().is_some() {
            return Err(Error::refused("the program of this session has ended"));
        }
        if self.gate.is_some() {
            self.unshare("unshared");
        }
        let how = if share.read_only { "read-only" } else { "full control" };
        let detail = format!("{how}, for {} s, {} use(s)", share.for_ms / 1000, share.uses.max(1));
        self.gate = Some(Gate::open(share)?);
        self.note("shared", &proc::user_name(proc::uid()), &detail);
        self.changed = true;
        Ok(())
    }

    /// Closes the gate and sends everybody out who came by it.
    pub(super) fn unshare(&mut self, event: &str) {
        if self.gate.take().is_none() {
            return;
        }
        self.note(event, &proc::user_name(proc::uid()), "");
        self.guests.iter_mut().filter(|guest| guest.stranger.is_some()).for_each(Guest::dismiss);
        self.changed = true;
    }

    /// Somebody connected to the gate.
    pub(super) fn knock(&mut self) {
        while let Some(stream) = self.gate.as_ref().and_then(Gate::accept) {
            let knocking = self.guests.iter().filter(|g| g.stranger.as_ref().is_some_and(|s| !s.admitted));
            if knocking.count() < MOST_KNOCKING && self.guests.len() < super::MOST_GUESTS {
                self.guests.extend(Guest::knocks(stream));
            }
        }
    }

    /// Somebody shows a token.
    pub(super) fn take(&mut self, index: usize, token: &str) -> Result<()> {
        let Some(stranger) = &self.guests[index].stranger else { return Err(gate::refused()) };
        let (uid, user) = (stranger.uid, stranger.user.clone());
        let admitted = match &mut self.gate {
            Some(gate) => gate.admit(token, uid).map(|()| gate.read_only()),
            None => Err(gate::refused()),
        };
        let read_only = admitted.inspect_err(|_| self.note("refused", &user, ""))?;
        if let Some(stranger) = &mut self.guests[index].stranger {
            (stranger.admitted, stranger.read_only) = (true, read_only);
        }
        self.note("taken", &user, if read_only { "read-only" } else { "full control" });
        self.changed = true;
        Ok(())
    }

    /// When something at the gate is due.
    pub(super) fn gate_due(&self) -> Option<Duration> {
        let gate = self.gate.as_ref()?;
        let waiting = self.guests.iter().filter_map(|guest| guest.stranger.as_ref()).filter(|s| !s.admitted);
        let knock = waiting.map(|stranger| KNOCK.saturating_sub(stranger.since.elapsed())).min();
        Some(knock.map_or(gate.left(), |knock| knock.min(gate.left())))
    }

    /// Sends out who waited too long, and at the end everybody.
    pub(super) fn watch_gate(&mut self) {
        if self.gate.as_ref().is_some_and(|gate| gate.left().is_zero()) {
            self.unshare("expired");
        }
        for guest in &mut self.guests {
            let late = |s: &crate::live::holder::guest::Stranger| !s.admitted && s.since.elapsed() >= KNOCK;
            if guest.stranger.as_ref().is_some_and(late) {
                guest.dismiss();
            }
        }
    }

    /// Tells everybody who is in.
    pub(super) fn tell_people(&mut self) {
        let others = self.guests.iter().filter(|guest| !guest.gone()).filter_map(Guest::person).collect();
        let people = People { owner: proc::user_name(proc::uid()), others };
        for guest in self.guests.iter_mut().filter(|guest| guest.attached.is_some()) {
            guest.tell(Kind::People.json(&people));
        }
    }

    /// Writes a step into the audit log.
    pub(super) fn note(&self, event: &str, user: &str, detail: &str) {
        let Some(file) = &self.audit else { return };
        let step = Step {
            at: Clock::System.now(),
            event: event.to_owned(),
            session: self.record.spec.id.clone(),
            user: user.to_owned(),
            detail: detail.to_owned(),
        };
        // A full disk must not keep anybody from being sent out.
        let _ = audit::append(file, &step);
    }
}
