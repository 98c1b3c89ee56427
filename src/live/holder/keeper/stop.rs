//! Ending a program: asked first, then told, then killed.

use std::time::Duration;

use rustix::process::Signal;

use super::Keeper;
use crate::sys::clock::Watch;
use crate::sys::proc;

/// How long a program has to leave after each signal.
const STOP_STEPS: [(Signal, Duration); 3] = [
    (Signal::HUP, Duration::from_millis(1000)),
    (Signal::TERM, Duration::from_millis(2000)),
    (Signal::KILL, Duration::from_millis(1000)),
];

impl Keeper {
    pub(super) fn stop(&mut self, force: bool) {
        if self.session.exit_code().is_none() && (self.stopping.is_none() || force) {
            let first = if force { STOP_STEPS.len() - 1 } else { 0 };
            self.signal(STOP_STEPS[first].0);
            self.stopping = Some((Watch::start(), first + 1));
        }
    }

    pub(super) fn advance_stop(&mut self) {
        let Some((since, step)) = self.stopping else { return };
        if since.elapsed() < step_due(step) {
            return;
        }
        // KILL is repeated for as long as it takes.
        let step = step.min(STOP_STEPS.len() - 1);
        self.signal(STOP_STEPS[step].0);
        self.stopping = Some((Watch::start(), step + 1));
    }

    /// Signals the program's group, and the one in front of its terminal if that is another.
    pub(super) fn signal(&self, signal: Signal) {
        let pid = self.session.pty().pid();
        for group in
            [Some(pid), self.session.pty().foreground().filter(|group| *group != pid)].into_iter().flatten()
        {
            // A program that changed its user cannot be signalled; nothing else can be done.
            let _ = proc::kill_group(group, signal);
        }
    }
}

/// When a step of stopping is due, after the one before it.
pub(super) fn step_due(step: usize) -> Duration {
    STOP_STEPS.get(step.saturating_sub(1)).map_or(Duration::ZERO, |(_, wait)| *wait)
}
