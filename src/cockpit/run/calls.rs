//! Calls to the person: a session needs them.

use super::Cockpit;
use crate::cockpit::attention;
use crate::model::snapshot::Snapshot;
use crate::sys::clock::local_zone;

impl Cockpit {
    /// Calls the person to the sessions that need them now.
    pub(super) fn call(&mut self, newest: &Snapshot) {
        let settings = self.engine.settings().attention.clone();
        let watched = self.state.watched_session();
        let muted = crate::command::session::muted(self.engine.paths());
        let calls = attention::calls(&self.state.data.live, &newest.live, &muted, watched.as_ref());
        if calls.is_empty() || attention::is_quiet(&settings.quiet, self.engine.clock().now(), local_zone()) {
            return;
        }
        let tmux = self.engine.env().get("TMUX").is_some();
        for call in calls {
            self.term.send(attention::signal(&settings, &call.text, tmux));
            if settings.desktop {
                self.tell_outside("notify-send", &["sf", &call.text], &call);
            }
            if !settings.command.is_empty() {
                self.tell_outside("sh", &["-c", &settings.command], &call);
            }
        }
    }

    /// Runs a program that tells the person something; what becomes of it is its own affair.
    fn tell_outside(&self, program: &'static str, arguments: &[&str], call: &attention::Call) {
        let mut command = crate::sys::proc::command(program);
        command.args(arguments).envs(call.facts.iter().map(|(name, value)| (*name, value.as_str())));
        self.engine.runtime().spawn(async move {
            if let Err(error) = command.status().await {
                tracing::warn!("`{program}` cannot be run to call the person: {error}");
            }
        });
    }
}
