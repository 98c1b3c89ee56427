//! The engine in this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::contract::{Body, Runnable};
use super::snapshot::Hub;
use super::{Call, Catalog, Ctx, Emit, Event, HostSide, Opened, Options, Origin, run, service};
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::fleet::{Fleet, SharedCalls};
use crate::model::snapshot::Snapshot;
use crate::store::Store;
use crate::sys::{Clock, Env, Paths};

/// Events that a listener may be behind before the command waits for it.
const EVENTS: usize = 256;

/// What an engine is made of.
pub struct Parts {
    /// The commands.
    pub catalog: &'static dyn Catalog,
    /// The folders.
    pub paths: Paths,
    /// The environment.
    pub env: Env,
    /// The clock.
    pub clock: Clock,
    /// The settings.
    pub settings: Settings,
    /// Why nothing may go over a link, if so.
    pub fatal: Option<Error>,
    /// The runtime that waits for links to hosts, where that is not the one of whoever asks.
    pub links: Option<Handle>,
}

/// Runs commands, opens streams, and keeps the picture that the cockpit draws.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    base: Arc<Base>,
}

struct Base {
    /// Where commands run, whoever asks for them.
    runtime: Handle,
    store: Store,
    paths: Paths,
    env: Env,
    clock: Clock,
    settings: Arc<Settings>,
    fleet: Fleet,
    calls: SharedCalls,
}

/// What every context points back to.
pub(super) struct Shared {
    pub(super) catalog: &'static dyn Catalog,
    pub(super) hub: Hub,
    pub(super) fatal: Option<Error>,
    runs: AtomicU64,
}

impl Shared {
    pub(super) fn decode(&self, call: &Call) -> Result<Box<dyn Runnable>> {
        let entry = self
            .catalog
            .find(call.id)
            .ok_or_else(|| Error::internal(format!("no command is called `{}`", call.id)))?;
        match entry.body {
            Body::Run(decode) => decode(call.args.clone()),
            Body::Open(_) | Body::Screen => {
                Err(Error::new(crate::error::Code::ScreenOnly, format!("`{}` needs a terminal", call.id))
                    .hint("run it in a terminal, or in the cockpit"))
            }
        }
    }
}

/// A command that was taken up.
pub struct Run {
    /// Its number in this process, from 1.
    pub id: u64,
    /// What it says; ends after `Finished`.
    pub events: mpsc::Receiver<Event>,
    /// Interrupts it.
    pub cancel: CancellationToken,
}

impl Engine {
    /// Closes the databases, at the end of a process.
    pub async fn close(&self) {
        self.base.store.close().await;
    }

    /// Puts an engine together; opens and starts nothing yet. Its commands will run on the tokio runtime that this
    /// is called on.
    pub fn new(parts: Parts) -> Self {
        let store = Store::new(parts.paths.clone());
        let calls: SharedCalls =
            Arc::new(HostSide::new(&parts.paths, parts.env.clone(), parts.clock, &parts.settings.session));
        let fleet = Fleet::new(&parts.settings.ssh, &parts.paths, &parts.env, calls.clone(), parts.links);
        let base = Base {
            runtime: Handle::current(),
            store,
            paths: parts.paths,
            env: parts.env,
            clock: parts.clock,
            settings: Arc::new(parts.settings),
            fleet,
            calls,
        };
        let shared =
            Shared { catalog: parts.catalog, hub: Hub::new(), fatal: parts.fatal, runs: AtomicU64::new(0) };
        Self { shared: Arc::new(shared), base: Arc::new(base) }
    }

    /// Takes up a command; returns at once.
    pub fn submit(&self, call: Call) -> Run {
        let (sender, events) = mpsc::channel(EVENTS);
        let cancel = CancellationToken::new();
        let id = self.shared.runs.fetch_add(1, Ordering::Relaxed) + 1;
        let cx = self.context(call.options.clone(), call.origin, Emit::new(sender), cancel.clone());
        self.base.runtime.spawn(run::drive(call, cx));
        Run { id, events, cancel }
    }

    /// Opens a stream: attaches to a live session.
    ///
    /// # Errors
    /// Those of the command; `screen_only` when it is none that opens something.
    pub async fn open(&self, call: Call) -> Result<Opened> {
        let entry = self
            .shared
            .catalog
            .find(call.id)
            .ok_or_else(|| Error::internal(format!("no command is called `{}`", call.id)))?;
        let Body::Open(open) = entry.body else {
            return Err(Error::internal(format!("`{}` opens nothing", call.id)));
        };
        let cx = self.context(call.options, call.origin, Emit::silent(), CancellationToken::new());
        let opening = AbortOnDropHandle::new(self.base.runtime.spawn(open(call.args, cx)));
        opening.await.map_err(|e| Error::internal(format!("`{}` broke: {e}", call.id)))?
    }

    /// The newest picture. Cloning it is cheap.
    pub fn snapshot(&self) -> Snapshot {
        self.shared.hub.current()
    }

    /// Keeps the picture up to date from now on, and tells when there is a new one.
    pub fn watch(&self) -> tokio::sync::watch::Receiver<Snapshot> {
        let (hub, base) = (&self.shared.hub, &self.base);
        let _context = base.runtime.enter();
        if hub.serve(base.store.clone(), base.env.clone(), base.clock) {
            let links = self.shared.fatal.is_none();
            let live = service::live::follow(base.store.clone(), base.fleet.clone(), hub.subscribe(), links);
            tokio::spawn(live);
        }
        hub.subscribe()
    }

    /// The runtime that commands run on, for work beside them.
    pub fn runtime(&self) -> &Handle {
        &self.base.runtime
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.base.settings
    }

    /// The environment of this process.
    pub fn env(&self) -> &Env {
        &self.base.env
    }

    /// The folders of this home.
    pub fn paths(&self) -> &Paths {
        &self.base.paths
    }

    /// The clock.
    pub fn clock(&self) -> Clock {
        self.base.clock
    }

    /// What sf remembers.
    pub fn store(&self) -> &Store {
        &self.base.store
    }

    /// The host side of this machine, for the agent.
    pub fn calls(&self) -> SharedCalls {
        self.base.calls.clone()
    }

    pub(super) fn context(
        &self,
        options: Options,
        origin: Origin,
        emit: Emit,
        cancel: CancellationToken,
    ) -> Ctx {
        let base = &self.base;
        Ctx {
            store: base.store.clone(),
            paths: base.paths.clone(),
            env: base.env.clone(),
            clock: base.clock,
            settings: base.settings.clone(),
            fleet: base.fleet.clone(),
            emit,
            cancel,
            options,
            origin,
            shared: self.shared.clone(),
        }
    }
}
