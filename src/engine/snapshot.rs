//! The picture that the cockpit draws: read from the store whenever it changes, by whomever.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::config::Prices;
use crate::engine::service::health;
use crate::error::Result;
use crate::model::health::Health;
use crate::model::snapshot::{Snapshot, Transcripts};
use crate::store::Store;
use crate::sys::{self, Clock, Env};

/// Changes that come within this are one picture.
const BURST: Duration = Duration::from_millis(30);

/// Owns the picture; one task replaces it, everybody else reads.
pub(super) struct Hub {
    picture: watch::Sender<Snapshot>,
    poke: Arc<Notify>,
    serving: AtomicBool,
}

impl Hub {
    /// An empty picture.
    pub(super) fn new() -> Self {
        Self {
            picture: watch::channel(Snapshot::default()).0,
            poke: Arc::new(Notify::new()),
            serving: AtomicBool::new(false),
        }
    }

    /// The newest picture.
    pub(super) fn current(&self) -> Snapshot {
        self.picture.borrow().clone()
    }

    /// Says that the store has changed.
    pub(super) fn poke(&self) {
        self.poke.notify_one();
    }

    /// Tells when there is a new picture.
    pub(super) fn subscribe(&self) -> watch::Receiver<Snapshot> {
        self.picture.subscribe()
    }

    /// Starts the task that keeps the picture up to date; only the first call does anything, and
    /// says so.
    pub(super) fn serve(&self, store: Store, env: Env, clock: Clock) -> bool {
        if self.serving.swap(true, Ordering::SeqCst) {
            return false;
        }
        let (picture, poke) = (self.picture.clone(), self.poke.clone());
        let prices = Prices::load(&store.paths().prices());
        let (tell, told) = watch::channel(Arc::default());
        tokio::spawn(health::serve(store.clone(), env, self.poke.clone(), tell));
        tokio::spawn(async move {
            // Other processes write to the same database: their changes show in the file beside it.
            let _watcher =
                sys::watch::files(store.paths().data_dir(), |name| name.starts_with("state.db"), {
                    let poke = poke.clone();
                    move || poke.notify_one()
                })
                .map_err(|e| tracing::warn!("changes by other processes will not be seen at once: {e}"));
            loop {
                let old = picture.borrow().clone();
                match read(&store, &old, clock, &prices, &told).await {
                    Ok(new) => {
                        picture.send_replace(new);
                    }
                    Err(e) => tracing::warn!("snapshot: {e}"),
                }
                poke.notified().await;
                tokio::time::sleep(BURST).await;
            }
        });
        true
    }
}

/// Reads every section; one that did not change keeps its place in memory.
async fn read(
    store: &Store,
    old: &Snapshot,
    clock: Clock,
    prices: &Prices,
    tools: &watch::Receiver<Arc<Vec<Health>>>,
) -> Result<Snapshot> {
    let hosts = store.hosts().await?.into_iter().map(|(_, status)| status).collect();
    Ok(Snapshot {
        hosts: keep(&old.hosts, hosts),
        repos: keep(&old.repos, store.repos().await?),
        features: keep(&old.features, store.features().await?),
        worktrees: keep(&old.worktrees, store.worktrees().await?),
        live: keep(&old.live, store.live().await?),
        transcripts: transcripts(store, &old.transcripts, clock, prices).await?,
        tools: tools.borrow().clone(),
    })
}

/// Transcripts that the picture holds.
const NEWEST: u64 = 500;

async fn transcripts(
    store: &Store,
    old: &Arc<Transcripts>,
    clock: Clock,
    prices: &Prices,
) -> Result<Arc<Transcripts>> {
    let (mut newest, total) = store.transcripts_newest(NEWEST).await?;
    prices.fill(&mut newest);
    if (&newest, total) == (&old.newest, old.total) {
        return Ok(old.clone());
    }
    Ok(Arc::new(Transcripts { newest, total, at: clock.now() }))
}

fn keep<T: PartialEq>(old: &Arc<T>, new: T) -> Arc<T> {
    if **old == new { old.clone() } else { Arc::new(new) }
}
