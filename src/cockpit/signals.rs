//! What the system tells the cockpit.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{At, Result};

/// The signals that a terminal, its shell and the system send.
pub struct Signals {
    /// End.
    pub term: Signal,
    /// The terminal has gone.
    pub hup: Signal,
    /// Somebody else's Ctrl-C.
    pub int: Signal,
    /// Stop until `cont`.
    pub tstp: Signal,
    /// Go on: what the terminal shows is no longer known.
    pub cont: Signal,
    /// The terminal has another size.
    pub winch: Signal,
}

impl Signals {
    /// Listens for them from now on.
    ///
    /// # Errors
    /// `internal` when the system has no room for it.
    pub fn new() -> Result<Self> {
        let on = |kind| signal(kind).at("signals");
        Ok(Self {
            term: on(SignalKind::terminate())?,
            hup: on(SignalKind::hangup())?,
            int: on(SignalKind::interrupt())?,
            tstp: on(SignalKind::from_raw(crate::sys::proc::SIGTSTP))?,
            cont: on(SignalKind::from_raw(crate::sys::proc::SIGCONT))?,
            winch: on(SignalKind::window_change())?,
        })
    }
}
