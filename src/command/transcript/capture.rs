//! `capture`

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::capture_hosts::{self, HostReport};
use crate::command::args::Hosts;
use crate::engine::fan::verdict;
use crate::engine::{Command, Ctx, Deadline, Done, Emit, Level, Touch};
use crate::error::{Code, Error, Result};
use crate::model::quantity::Dur;
use crate::model::transcript::Captured;
use crate::model::{HostName, ToolId, TranscriptId};
use crate::store::Store;
use crate::sys::clock::{Watch, cpu_time};
use crate::tool::{self, Skipped, Tool};
use crate::transcript::{
    self,
    capture::{self, Counts, Ledger, Pace, ToolReport},
};

/// Sessions that are made searchable before the rest: the newest.
const FIRST: u64 = 50;
/// What progress of the index is counted in, in bytes.
const MB: u64 = 1_000_000;
/// Bytes of messages that are made searchable together after them.
const PORTION: u64 = 32 * 1024 * 1024;

/// Read what AI tools have recorded since the last time, and make it searchable.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct Capture {
    /// Only these tools, separated by commas; by default all that are not disabled.
    #[arg(long, value_name = "TOOL", value_delimiter = ',')]
    pub tool: Vec<ToolId>,
    /// On which hosts; this machine by default.
    #[command(flatten)]
    #[serde(flatten)]
    pub hosts: Hosts,
}

/// What was captured.
#[derive(Debug, Serialize)]
pub struct CaptureReport {
    #[serde(flatten)]
    counts: Counts,
    ms: u64,
    by_tool: Vec<ToolReport>,
    /// The hosts behind a link.
    by_host: Vec<HostReport>,
    capture_cpu_ms: u64,
    index_cpu_ms: u64,
}

impl Command for Capture {
    const TOUCH: Touch = Touch::Writes;
    const DEADLINE: Deadline = Deadline::Own;
    type Output = CaptureReport;

    async fn run(self, cx: &Ctx) -> Result<Done<CaptureReport>> {
        let watch = Watch::start();
        let local = HostName::local();
        let mut hosts = self.hosts.resolve(cx, std::slice::from_ref(&local)).await?;
        let here = hosts.iter().any(|host| host.name.is_local());
        hosts.retain(|host| !host.name.is_local());
        let tools = pick(&self.tool, &cx.settings.capture.disabled)?;
        cx.paths.create()?;
        let lock = transcript::lock::take(&cx.paths, cx.options.timeout).await?;
        let start = cpu_time();
        let written = Arc::new(Written::default());
        let capture = async {
            let mut by_tool = Vec::new();
            for tool in tools.iter().filter(|_| here) {
                let report = one(cx, *tool, &local, &written).await?;
                tell(cx, report.tool.as_str(), &report).await;
                by_tool.push(report);
            }
            let mut failures: Vec<(String, Error)> =
                failure(&by_tool).map(|error| (local.to_string(), error)).into_iter().collect();
            let by_host = capture_hosts::capture(cx, &hosts, &tools, &written, &mut by_tool).await?;
            failures
                .extend(by_host.iter().filter_map(|row| Some((row.host.to_string(), row.error.clone()?))));
            Ok::<_, Error>((by_tool, by_host, failures))
        };
        // What is there already is made searchable meanwhile, on the index's own thread.
        let mut beside = Duration::ZERO;
        let capture = async {
            let done = capture.await;
            written.finish();
            done
        };
        let (captured, indexed) = tokio::join!(capture, index_meanwhile(cx, &written, &mut beside));
        let (by_tool, by_host, failures) = captured?;
        indexed?;
        if !cx.options.dry_run {
            let watch = Watch::start();
            let tell = |done, of| {
                let pace = Pace { bytes: done, of_bytes: of, ..Pace::default() };
                cx.emit.progress(done / MB, of / MB, label("search index", pace, watch.elapsed()));
            };
            let indexed = cx.store.index_telling(&tell).await?;
            beside += indexed.cpu;
            if let Some(why) = indexed.rebuilt.filter(|_| by_tool.iter().all(|t| t.counts.messages == 0)) {
                cx.emit.notice(Level::Info, format!("the search index was built again: {why}")).await;
            }
        }
        let all = cpu_time().saturating_sub(start);
        drop(lock);
        cx.changed();
        let mut counts = Counts::default();
        by_tool.iter().for_each(|report| counts.add(&report.counts));
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let error = match failures.as_slice() {
            // Of this machine alone: said without its name.
            [(place, only)] if *place == local.as_str() => Some(only.clone()),
            // Where no sf is, `bootstrap` helps, and nothing else is wrong.
            several if several.iter().all(|(_, error)| error.code == Code::Unsupported) => {
                let all = verdict(several.iter().map(|(place, error)| (place.as_str(), error)));
                all.map(|error| Error { code: Code::Unsupported, ..error })
            }
            several => verdict(several.iter().map(|(place, error)| (place.as_str(), error))),
        };
        let report = CaptureReport {
            counts,
            ms: watch.ms(),
            by_tool,
            by_host,
            capture_cpu_ms: ms(all.saturating_sub(beside)),
            index_cpu_ms: ms(beside),
        };
        Ok(Done::with(report, error))
    }
}

/// What was written since the index was last brought level.
#[derive(Default)]
pub(super) struct Written {
    sessions: AtomicU64,
    bytes: AtomicU64,
    enough: Notify,
    /// Whether the newest sessions are searchable already: after them larger portions are better.
    begun: AtomicBool,
    /// Whether nothing more will be written.
    finished: AtomicBool,
}

impl Written {
    fn add(&self, bytes: u64) {
        let sessions = self.sessions.fetch_add(1, Relaxed) + 1;
        let bytes = self.bytes.fetch_add(bytes, Relaxed) + bytes;
        if bytes >= PORTION || (sessions >= FIRST && !self.begun.load(Relaxed)) {
            self.enough.notify_one();
        }
    }

    fn finish(&self) {
        self.finished.store(true, Relaxed);
        self.enough.notify_one();
    }
}

/// Brings the index level whenever enough was written, until nothing more will be.
async fn index_meanwhile(cx: &Ctx, written: &Written, cpu: &mut Duration) -> Result<()> {
    loop {
        written.enough.notified().await;
        if written.finished.load(Relaxed) {
            return Ok(());
        }
        written.begun.store(true, Relaxed);
        written.bytes.store(0, Relaxed);
        *cpu += cx.store.index_transcripts().await?.cpu;
    }
}

/// The tools that were asked for; all that can be read and are not disabled when none was.
fn pick(wanted: &[ToolId], disabled: &[ToolId]) -> Result<Vec<&'static dyn Tool>> {
    if wanted.is_empty() {
        return Ok(tool::all().iter().filter(|tool| !disabled.contains(&tool.id())).copied().collect());
    }
    wanted
        .iter()
        .map(|id| {
            let known = || tool::all().iter().map(|t| t.id().as_str()).collect::<Vec<_>>().join(", ");
            tool::get(*id).ok_or_else(|| {
                Error::unsupported(format!("sessions of `{id}` cannot be captured"))
                    .hint(format!("tools that can: {}", known()))
            })
        })
        .collect()
}

/// Captures one tool, on a thread that may block.
async fn one(
    cx: &Ctx,
    tool: &'static dyn Tool,
    host: &HostName,
    written: &Arc<Written>,
) -> Result<ToolReport> {
    if cx.options.dry_run {
        let mut report = ToolReport {
            tool: tool.id(),
            roots: tool.roots(&cx.env),
            found: 0,
            counts: Counts::default(),
            failed: Vec::new(),
            skipped: Vec::new(),
            notices: Vec::new(),
        };
        for root in &report.roots {
            report.found += tool.find(root)?.len() as u64;
            report.notices.extend(tool.finish(root));
        }
        return Ok(report);
    }
    let mut ledger = StoreLedger::new(cx, host, written);
    // The run is dropped when it is interrupted; the thread has to hear of that.
    let _stop = ledger.cancel.clone().drop_guard();
    let (env, sessions, host) = (cx.env.clone(), cx.paths.sessions(), host.clone());
    tokio::task::spawn_blocking(move || capture::run(tool, &env, &sessions, &host, &mut ledger))
        .await
        .map_err(|e| Error::internal(format!("capture of `{}` ended early: {e}", tool.id())))?
}

/// So many files are named in notices for people; the report has more.
const NAMED: usize = 10;

/// Says what of a tool was left out or not understood: each file once.
pub(super) async fn tell(cx: &Ctx, whose: &str, report: &ToolReport) {
    for left_out in &report.notices {
        cx.emit.notice(Level::Warn, format!("{whose}: {left_out}")).await;
    }
    let mut files: Vec<(&Path, Vec<&Skipped>)> = Vec::new();
    for skipped in &report.skipped {
        match files.iter_mut().find(|(path, _)| *path == skipped.path) {
            Some((_, here)) => here.push(skipped),
            None => files.push((&skipped.path, vec![skipped])),
        }
    }
    for (path, here) in files.iter().take(NAMED) {
        cx.emit.notice(Level::Warn, format!("{whose}: {}", in_words(path, here))).await;
    }
    let told: usize = files.iter().take(NAMED).map(|(_, here)| here.len()).sum();
    let more = report.counts.skipped_lines.saturating_sub(told as u64);
    if more > 0 {
        cx.emit.notice(Level::Warn, format!("{whose}: {more} more lines could not be understood")).await;
    }
}

/// `` `a.jsonl` line 3, 7 and 2 more: it is no JSON object ``
fn in_words(path: &Path, here: &[&Skipped]) -> String {
    let place = |s: &&Skipped| s.line.map(|n| n.to_string()).or_else(|| s.item.clone());
    let places: Vec<String> = here.iter().filter_map(place).collect();
    let lines = if here.iter().any(|s| s.line.is_some()) { "line " } else { "" };
    let named = places.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    let rest = places.len().saturating_sub(5);
    let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    let mut why: Vec<&str> = here.iter().map(|s| s.why.as_str()).collect();
    why.dedup();
    let path = if path.as_os_str().is_empty() { "a file".into() } else { format!("`{}`", path.display()) };
    let gap = if places.is_empty() { "" } else { " " };
    format!("{path}{gap}{lines}{named}{rest} was skipped: {}", why.join("; "))
}

pub(super) fn failure(reports: &[ToolReport]) -> Option<Error> {
    let failed: Vec<_> = reports.iter().flat_map(|r| r.failed.iter().map(|f| (r.tool, f))).collect();
    let (tool, (what, first)) = failed.first()?;
    let error = Error::new(Code::Partial, format!("{} sessions could not be captured", failed.len()));
    Some(error.hint(format!("{tool} {what}: {}", first.message)))
}

/// What was captured is remembered in the store.
pub(super) struct StoreLedger {
    store: Store,
    host: HostName,
    handle: Handle,
    emit: Emit,
    pub(super) cancel: CancellationToken,
    written: Arc<Written>,
    /// Bytes of each transcript of this run.
    lengths: HashMap<String, u64>,
    /// Whether deleted sessions are taken again: somebody asks for them by name.
    pub(super) deleted_too: bool,
    watch: Watch,
}

/// How far it is, how fast it goes, and how long it will take, once that can be told.
fn label(what: &str, pace: Pace, elapsed: Duration) -> String {
    let mb = |bytes: u64| bytes as f64 / 1e6;
    let seconds = elapsed.as_secs_f64();
    let mut text = format!("{what}: {:.1} of {:.1} MB", mb(pace.bytes), mb(pace.of_bytes));
    if pace.bytes > 0 && seconds >= 0.2 {
        let rate = pace.bytes as f64 / seconds;
        let left = pace.of_bytes.saturating_sub(pace.bytes) as f64 / rate;
        text.push_str(&format!(
            ", {:.0} MB/s, {} left",
            rate / 1e6,
            Dur(Duration::from_secs(left.ceil() as u64))
        ));
    }
    text
}

impl StoreLedger {
    pub(super) fn new(cx: &Ctx, host: &HostName, written: &Arc<Written>) -> Self {
        Self {
            store: cx.store.clone(),
            host: host.clone(),
            handle: Handle::current(),
            emit: cx.emit.clone(),
            cancel: cx.cancel.child_token(),
            written: written.clone(),
            lengths: HashMap::new(),
            deleted_too: false,
            watch: Watch::start(),
        }
    }
}

impl Ledger for StoreLedger {
    fn captured(&mut self, tool: ToolId, each: &mut dyn FnMut(Captured)) -> Result<()> {
        let mut after = Some(0);
        while let Some(place) = after {
            let (page, next) = self.handle.block_on(self.store.captured_after(&self.host, tool, place))?;
            self.lengths.extend(page.iter().map(|known| (known.native_id.clone(), known.length)));
            page.into_iter().for_each(&mut *each);
            after = next;
        }
        Ok(())
    }

    fn deleted(&mut self, tool: ToolId) -> Result<HashSet<String>> {
        if self.deleted_too {
            return Ok(HashSet::new());
        }
        self.handle.block_on(self.store.deleted_sessions(&self.host, tool))
    }

    fn rename(&mut self, captured: &Captured, native_id: &str) -> Result<()> {
        self.handle.block_on(self.store.rename_session(captured, native_id))
    }

    fn owner(&mut self, id: &TranscriptId) -> Result<Option<(ToolId, String, HostName)>> {
        self.handle.block_on(self.store.transcript_owner(id))
    }

    fn commit(&mut self, captured: &Captured) -> Result<()> {
        self.handle.block_on(self.store.save_captured(captured.clone()))?;
        let before = self.lengths.insert(captured.native_id.clone(), captured.length).unwrap_or(0);
        self.written.add(captured.length.saturating_sub(before));
        Ok(())
    }

    fn progress(&mut self, pace: Pace, tool: ToolId) {
        // Most tools are not there, or have nothing new.
        if pace.total == 0 {
            return;
        }
        self.emit.progress(pace.done, pace.total, label(tool.as_str(), pace, self.watch.elapsed()));
    }

    fn cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_far_it_is_how_fast_and_how_long_it_takes() {
        let pace = Pace { done: 3, total: 9, bytes: 30_000_000, of_bytes: 90_000_000 };
        let said = |pace, ms| label("codex", pace, Duration::from_millis(ms));
        assert_eq!(said(pace, 1000), "codex: 30.0 of 90.0 MB, 30 MB/s, 2s left");
        assert_eq!(said(pace, 90_000), "codex: 30.0 of 90.0 MB, 0 MB/s, 3m left");
        assert_eq!(said(Pace::default(), 0), "codex: 0.0 of 0.0 MB");
    }
}
