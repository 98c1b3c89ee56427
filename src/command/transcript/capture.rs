//! `capture`

use std::collections::HashSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::command::args::Hosts;
use crate::engine::{Command, Ctx, Deadline, Done, Emit, Level, Touch};
use crate::error::{Code, Error, Result};
use crate::model::transcript::Captured;
use crate::model::{HostName, ToolId, TranscriptId};
use crate::store::Store;
use crate::sys::clock::{Watch, cpu_time};
use crate::tool::{self, Tool};
use crate::transcript::{
    self,
    capture::{self, Counts, Ledger, ToolReport},
};

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
        for host in self.hosts.resolve(cx, std::slice::from_ref(&local)).await? {
            if !host.name.is_local() {
                return Err(Error::unsupported(format!("`{}` cannot be captured from here", host.name))
                    .hint(format!("run `sf capture` on `{}` itself", host.name)));
            }
        }
        let tools = pick(&self.tool, &cx.settings.capture.disabled)?;
        cx.paths.create()?;
        let lock = transcript::lock::take(&cx.paths, cx.options.timeout).await?;
        let start = cpu_time();
        let mut by_tool = Vec::new();
        for tool in tools {
            let report = one(cx, tool, &local).await?;
            for left_out in &report.notices {
                cx.emit.notice(Level::Warn, format!("{tool}: {left_out}", tool = report.tool)).await;
            }
            by_tool.push(report);
        }
        let captured = cpu_time();
        if !cx.options.dry_run {
            let indexed = cx.store.index_transcripts().await?;
            if let Some(why) = indexed.rebuilt.filter(|_| by_tool.iter().all(|t| t.counts.messages == 0)) {
                cx.emit.notice(Level::Info, format!("the search index was built again: {why}")).await;
            }
        }
        let indexed = cpu_time();
        drop(lock);
        cx.changed();
        let mut counts = Counts::default();
        by_tool.iter().for_each(|report| counts.add(&report.counts));
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let error = failure(&by_tool);
        let report = CaptureReport {
            counts,
            ms: watch.ms(),
            by_tool,
            capture_cpu_ms: ms(captured.saturating_sub(start)),
            index_cpu_ms: ms(indexed.saturating_sub(captured)),
        };
        Ok(Done::with(report, error))
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
async fn one(cx: &Ctx, tool: &'static dyn Tool, host: &HostName) -> Result<ToolReport> {
    if cx.options.dry_run {
        let mut report = ToolReport {
            tool: tool.id(),
            roots: tool.roots(&cx.env),
            found: 0,
            counts: Counts::default(),
            failed: Vec::new(),
            notices: Vec::new(),
        };
        for root in &report.roots {
            report.found += tool.find(root)?.len() as u64;
            report.notices.extend(tool.finish(root));
        }
        return Ok(report);
    }
    let mut ledger = StoreLedger {
        store: cx.store.clone(),
        host: host.clone(),
        handle: Handle::current(),
        emit: cx.emit.clone(),
        cancel: cx.cancel.child_token(),
    };
    // The run is dropped when it is interrupted; the thread has to hear of that.
    let _stop = ledger.cancel.clone().drop_guard();
    let (env, sessions, host) = (cx.env.clone(), cx.paths.sessions(), host.clone());
    tokio::task::spawn_blocking(move || capture::run(tool, &env, &sessions, &host, &mut ledger))
        .await
        .map_err(|e| Error::internal(format!("capture of `{}` ended early: {e}", tool.id())))?
}

fn failure(reports: &[ToolReport]) -> Option<Error> {
    let failed: Vec<_> = reports.iter().flat_map(|r| r.failed.iter().map(|f| (r.tool, f))).collect();
    let (tool, (what, first)) = failed.first()?;
    let error = Error::new(Code::Partial, format!("{} sessions could not be captured", failed.len()));
    Some(error.hint(format!("{tool} {what}: {}", first.message)))
}

/// What was captured is remembered in the store.
struct StoreLedger {
    store: Store,
    host: HostName,
    handle: Handle,
    emit: Emit,
    cancel: CancellationToken,
}

impl Ledger for StoreLedger {
    fn captured(&mut self, tool: ToolId) -> Result<Vec<Captured>> {
        self.handle.block_on(self.store.captured(&self.host, tool))
    }

    fn deleted(&mut self, tool: ToolId) -> Result<HashSet<String>> {
        self.handle.block_on(self.store.deleted_sessions(&self.host, tool))
    }

    fn owner(&mut self, id: &TranscriptId) -> Result<Option<(ToolId, String, HostName)>> {
        self.handle.block_on(self.store.transcript_owner(id))
    }

    fn commit(&mut self, captured: &Captured) -> Result<()> {
        self.handle.block_on(self.store.save_captured(captured.clone()))
    }

    fn progress(&mut self, done: u64, total: u64, tool: ToolId) {
        self.emit.progress(done, total, tool.as_str());
    }

    fn cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }
}
