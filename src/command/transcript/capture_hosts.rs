//! The part of `capture` that goes over links.

use std::sync::Arc;

use serde::Serialize;
use serde_json::json;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::capture::{StoreLedger, Written, failure, tell};
use crate::engine::Ctx;
use crate::engine::fan::{Fanned, fan};
use crate::error::{Code, Error, Result};
use crate::model::HostName;
use crate::model::host::Host;
use crate::tool::Tool;
use crate::transcript::capture::{self, Counts, SHOWN, ToolReport};
use crate::transcript::link::Far;

/// What was captured from a host behind a link.
#[derive(Debug, Serialize)]
pub(super) struct HostReport {
    /// The host.
    pub(super) host: HostName,
    /// Whether everything that is there was captured.
    ok: bool,
    #[serde(flatten)]
    counts: Counts,
    /// Why not.
    pub(super) error: Option<Error>,
}

/// Captures hosts; what each tool gave is added to `by_tool`. All hosts are asked at once, so that
/// one that is down holds up nobody; then they are recorded one after the other, because they may
/// hold copies of one session, and only one can have its id.
pub(super) async fn capture(
    cx: &Ctx,
    hosts: &[Host],
    tools: &[&'static dyn Tool],
    written: &Arc<Written>,
    by_tool: &mut Vec<ToolReport>,
) -> Result<Vec<HostReport>> {
    let stop = cx.cancel.child_token();
    let _stop = stop.clone().drop_guard();
    let listed = fan(cx, hosts, |machine| {
        let stop = &stop;
        async move {
            let lists = tools.iter().map(|tool| list(cx, machine.as_ref(), *tool, stop.clone()));
            futures_util::future::try_join_all(lists).await
        }
    });
    let mut rows = Vec::new();
    for Fanned { host, result } in listed.await {
        let (mut counts, mut reports) = (Counts::default(), Vec::new());
        let mut error = match result {
            Err(error) => Some(error),
            Ok(fars) => {
                let recorded = record(cx, &host.name, fars, written, &mut reports);
                match cx.options.timeout {
                    None => recorded.await.err(),
                    Some(limit) => tokio::time::timeout(limit, recorded).await.map_or_else(
                        |_| {
                            let text =
                                format!("`{}` was not done within {} ms", host.name, limit.as_millis());
                            Some(Error::unreachable(text))
                        },
                        Result::err,
                    ),
                }
            }
        };
        if error.as_ref().is_some_and(|error| error.code == Code::Cancelled) {
            return Err(Error::cancelled());
        }
        error = error.or_else(|| failure(&reports));
        for report in reports {
            counts.add(&report.counts);
            tell(cx, &format!("{} {}", host.name, report.tool), &report).await;
            add(by_tool, &host.name, report);
        }
        rows.push(HostReport { host: host.name, ok: error.is_none(), counts, error });
    }
    Ok(rows)
}

async fn list(
    cx: &Ctx,
    machine: &dyn crate::fleet::Host,
    tool: &'static dyn Tool,
    stop: CancellationToken,
) -> Result<Far> {
    let captured = cx.store.captured(machine.name(), tool.id()).await?;
    let io = machine.open("capture.read", json!({})).await?;
    let (sessions, handle) = (cx.paths.sessions(), Handle::current());
    tokio::task::spawn_blocking(move || Far::list(io, tool.id(), sessions, &captured, handle, stop))
        .await
        .map_err(|e| Error::internal(format!("asking for sessions of `{}` ended early: {e}", tool.id())))?
}

/// Records what is new of each tool. A link that breaks ends it; what came before stays.
async fn record(
    cx: &Ctx,
    host: &HostName,
    fars: Vec<Far>,
    written: &Arc<Written>,
    reports: &mut Vec<ToolReport>,
) -> Result<()> {
    for far in fars {
        if cx.options.dry_run {
            let found = far.find_all();
            let (tool, roots) = (far.id(), far.roots(&cx.env));
            reports.push(ToolReport {
                tool,
                roots,
                found,
                counts: Counts::default(),
                failed: Vec::new(),
                skipped: Vec::new(),
                notices: Vec::new(),
            });
            continue;
        }
        let mut ledger = StoreLedger::new(cx, host, written);
        // The run is dropped when it is interrupted; the thread has to hear of that.
        let _stop = ledger.cancel.clone().drop_guard();
        let (env, sessions, host) = (cx.env.clone(), cx.paths.sessions(), host.clone());
        let tool = far.id();
        let ended = tokio::task::spawn_blocking(move || {
            let mut report = capture::run(&far, &env, &sessions, &host, &mut ledger)?;
            report.failed.extend(far.failed.iter().cloned());
            Ok::<_, Error>((report, far.broken()))
        });
        let (mut report, broken) =
            ended.await.map_err(|e| Error::internal(format!("capture of `{tool}` ended early: {e}")))??;
        // One broken link is one failure, not one of each session that came after.
        report.failed.retain(|(_, error)| error.code != Code::Unreachable);
        reports.push(report);
        if let Some(broken) = broken {
            return Err(broken);
        }
    }
    Ok(())
}

/// One row a tool, whatever the number of hosts.
fn add(by_tool: &mut Vec<ToolReport>, host: &HostName, report: ToolReport) {
    let at = |(what, error): (String, Error)| (format!("{host}: {what}"), error);
    let failed = report.failed.into_iter().map(at).collect();
    match by_tool.iter_mut().find(|known| known.tool == report.tool) {
        Some(known) => {
            known.found += report.found;
            known.counts.add(&report.counts);
            known.failed.extend::<Vec<_>>(failed);
            known.notices.extend(report.notices);
            let room = SHOWN.saturating_sub(known.skipped.len());
            known.skipped.extend(report.skipped.into_iter().take(room));
        }
        None => by_tool.push(ToolReport { failed, ..report }),
    }
}
