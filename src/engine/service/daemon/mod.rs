//! The daemon: one process of a home that captures what AI tools record, as they record it.
//!
//! ```text
//!  file changes --> tool is marked --> 40 ms later: capture of the marked tools --> searchable
//!  every 2 min  --> all are marked      (and never more than a fifth of the time)
//! ```
//!
//! Watches tell what changed; now and then everything is looked at, for what no watch has told:
//! network file systems, systems out of watches, stores that moved.

mod desk;
mod log;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::sync::Notify;

pub use desk::{Desk, Mode, Record, Watched};
pub use log::Log;

use crate::config::Settings;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::model::ToolId;
use crate::sys::clock::Watch;
use crate::sys::watch::{self, Change, Cover, Trees};
use crate::tool;

/// A burst of changes is one capture.
const DEBOUNCE: Duration = Duration::from_millis(40);
/// After a capture there is a pause of so many times what it took.
const REST: u32 = 4;
/// The longest such pause.
const REST_MAX: Duration = Duration::from_secs(10);
/// How soon a capture that failed is tried again.
const RETRY: Duration = Duration::from_secs(15);
/// So many times as long between two looks at a network file system.
const NETWORK: u32 = 5;

/// How long the desk of a daemon that is not there is waited for.
const GHOST: Duration = Duration::from_secs(3);

/// What has happened since the last capture.
#[derive(Default)]
struct Marks {
    tools: BTreeSet<ToolId>,
    roots: bool,
    settings: bool,
}

/// Where the watching thread leaves its marks.
#[derive(Default)]
struct Board {
    marks: Mutex<Marks>,
    wake: Notify,
}

impl Board {
    fn mark(&self, change: impl FnOnce(&mut Marks)) {
        change(&mut self.marks.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_one();
    }

    fn take(&self) -> Marks {
        std::mem::take(&mut *self.marks.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A root of a tool.
type Root = (ToolId, PathBuf);

/// Captures until it is interrupted.
///
/// # Errors
/// `conflict` when this home has a daemon already.
pub async fn serve(cx: &Ctx) -> Result<()> {
    cx.paths.create()?;
    let desk = take_desk(cx).await?;
    let mut log = Log::open(&cx.paths, cx.clock)?;
    let board = Arc::new(Board::default());
    let _settings = {
        let board = board.clone();
        watch::files(
            cx.paths.config_dir(),
            |name| name == "config.toml",
            move || {
                board.mark(|marks| marks.settings = true);
            },
        )
        .map_err(|e| log.line(&format!("changes of settings will not be noticed: {e}")))
        .ok()
    };
    let mut daemon = Daemon { cx, desk, log: &mut log, board, roots: Vec::new(), trees: None, rescan: RETRY };
    daemon.begin().await;
    daemon.turn().await
}

/// Takes the desk. A daemon that was killed may have it for a moment longer than it lives.
async fn take_desk(cx: &Ctx) -> Result<Desk> {
    let watch = Watch::start();
    let mut look = tokio::time::interval(Duration::from_millis(10));
    loop {
        look.tick().await;
        if let Some(desk) = Desk::take(&cx.paths, cx.clock.now())? {
            return Ok(desk);
        }
        if Record::of_running(&cx.paths).is_some() || watch.elapsed() > GHOST {
            return Err(
                Error::conflict("a daemon of this home runs already").hint("`sf daemon status` says more")
            );
        }
    }
}

struct Daemon<'a> {
    cx: &'a Ctx,
    desk: Desk,
    log: &'a mut Log,
    board: Arc<Board>,
    roots: Vec<Root>,
    trees: Option<Trees>,
    rescan: Duration,
}

impl Daemon<'_> {
    /// (Re)starts the watches by the settings as they are now; everything is looked at once.
    async fn begin(&mut self) {
        let settings = Settings::load(&self.cx.paths.settings()).settings.capture;
        let tools = tool::all().iter().filter(|tool| !settings.disabled.contains(&tool.id()));
        self.roots = tools
            .flat_map(|tool| tool.roots(&self.cx.env).into_iter().map(|root| (tool.id(), root)))
            .collect();
        let paths: Vec<PathBuf> = self.roots.iter().map(|(_, path)| path.clone()).collect();
        let far = paths.iter().any(|path| desk::is_network(path));
        self.rescan = settings.rescan.0.max(Duration::from_secs(1)) * if far { NETWORK } else { 1 };
        let tools: Vec<ToolId> = self.roots.iter().map(|(tool, _)| *tool).collect();
        let board = self.board.clone();
        let told = move |change| {
            board.mark(|marks| match change {
                Change::Below(at) => marks.tools.extend(tools.get(at)),
                Change::Roots => marks.roots = true,
                Change::Lost => marks.tools.extend(tools.iter()),
            });
        };
        self.trees = Trees::new(&paths, told).map_err(|e| self.log.line(&e.message)).ok();
        self.arm().await;
        let names: BTreeSet<&str> = self.roots.iter().map(|(tool, _)| tool.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        self.log.line(&format!("watching {}", names.join(", ")));
        self.mark_all();
    }

    fn mark_all(&self) {
        let tools: Vec<ToolId> = self.roots.iter().map(|(tool, _)| *tool).collect();
        self.board.mark(|marks| marks.tools.extend(tools));
    }

    /// Watches the roots that have appeared; what is in them is new.
    async fn arm(&mut self) {
        let Some(mut trees) = self.trees.take() else { return };
        // Walking a large store takes its time.
        let armed = tokio::task::spawn_blocking(move || {
            let new = trees.arm();
            (trees, new)
        });
        let Ok((trees, new)) = armed.await else { return };
        let tools: Vec<ToolId> = new.iter().filter_map(|at| Some(self.roots.get(*at)?.0)).collect();
        if !tools.is_empty() {
            self.board.mark(|marks| marks.tools.extend(tools));
        }
        let watching: Vec<Watched> = self
            .roots
            .iter()
            .zip(trees.cover())
            .map(|((tool, root), cover)| Watched {
                tool: *tool,
                root: root.clone(),
                mode: match cover {
                    Cover::Whole => Mode::Watched,
                    Cover::Awaited => Mode::Awaited,
                    Cover::Unwatched(_) => Mode::Scanned,
                },
                reason: match cover {
                    Cover::Unwatched(why) => Some(why.clone()),
                    _ => None,
                },
            })
            .collect();
        for (watched, why) in watching.iter().filter_map(|w| Some((w, w.reason.as_ref()?))) {
            self.log.line(&format!("`{}` is only looked at now and then: {why}", watched.root.display()));
        }
        self.trees = Some(trees);
        if let Err(e) = self.desk.update(|record| record.watching = watching) {
            self.log.line(&e.message);
        }
    }

    async fn turn(&mut self) -> Result<()> {
        let mut looked = Watch::start();
        // The pause counts from the end of the last capture: after a quiet time there is none.
        let (mut ended, mut rest) = (Watch::start(), Duration::ZERO);
        let mut due = self.rescan;
        loop {
            tokio::select! {
                () = self.board.wake.notified() => {}
                () = tokio::time::sleep(due.saturating_sub(looked.elapsed())) => {
                    self.arm().await;
                    self.mark_all();
                    looked = Watch::start();
                    due = self.rescan;
                }
            }
            tokio::time::sleep(rest.saturating_sub(ended.elapsed()).max(DEBOUNCE)).await;
            let marks = self.board.take();
            if marks.settings {
                self.begin().await;
            } else if marks.roots {
                self.arm().await;
            }
            if marks.tools.is_empty() {
                continue;
            }
            let watch = Watch::start();
            if !self.capture(&marks.tools).await {
                due = looked.elapsed() + RETRY;
            }
            (ended, rest) = (Watch::start(), (watch.elapsed() * REST).min(REST_MAX));
        }
    }

    /// Captures these tools. Says whether all went well.
    async fn capture(&mut self, tools: &BTreeSet<ToolId>) -> bool {
        let watch = Watch::start();
        let done = match self.cx.call("capture", json!({"tool": tools, "hosts": []})).await {
            Ok(done) => done,
            Err(error) => {
                self.log.line(&format!("capture: {error}"));
                return false;
            }
        };
        if let Some(error) = &done.error {
            let why = error.hints.first().map_or(String::new(), |hint| format!(" ({hint})"));
            self.log.line(&format!("capture: {error}{why}"));
        }
        let count = |key: &str| done.value[key].as_u64().unwrap_or(0);
        let (new, updated) = (count("sessions_new"), count("sessions_updated"));
        if new + updated > 0 {
            let (messages, ms) = (count("messages"), watch.ms());
            self.log.line(&format!("{new} sessions new, {updated} updated, {messages} messages, {ms} ms"));
        }
        let now = self.cx.clock.now();
        if let Err(e) = self.desk.update(|record| record.last_capture = Some(now)) {
            self.log.line(&e.message);
        }
        done.error.is_none()
    }
}

/// Whether nobody tells this machine of changes that others make there.
pub fn is_network(path: &Path) -> bool {
    desk::is_network(path)
}
