//! `import`

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::capture::{StoreLedger, Written, failure};
use crate::engine::{Command, Ctx, Deadline, Done, Level, Touch};
use crate::error::{Code, Error, Result};
use crate::model::HostName;
use crate::transcript::import::{self, Imported, Item, Status};
use crate::transcript::lock;

/// Take transcripts from elsewhere: `.sfs` folders and archives, folders of them (`~/.sessionfs`), a
/// tool's session file, or a copy of a tool's folder.
///
/// Importing the same again adds only what is new.
#[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
pub struct Import {
    /// Where they are.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

/// What was imported.
#[derive(Debug, Default, Serialize)]
pub struct ImportReport {
    imported: u64,
    updated: u64,
    unchanged: u64,
    messages: u64,
    skipped_lines: u64,
    sessions: Vec<Imported>,
    /// What could not be imported, and why; the others were.
    failed: Vec<(String, Error)>,
}

impl Command for Import {
    const TOUCH: Touch = Touch::Writes;
    const DEADLINE: Deadline = Deadline::Own;
    type Output = ImportReport;

    async fn run(self, cx: &Ctx) -> Result<Done<ImportReport>> {
        cx.paths.create()?;
        let staging = import::staging(&cx.paths.sessions())?;
        let (paths, below) = (self.paths.clone(), staging.path().to_owned());
        let (items, mut failed) = blocking(move || {
            let (mut items, mut failed) = (Vec::new(), Vec::new());
            for path in &paths {
                match import::find(path, &below) {
                    Ok(mut found) => items.append(&mut found),
                    Err(error) => failed.push((path.display().to_string(), error)),
                }
            }
            Ok((items, failed))
        })
        .await?;
        let mut report = if cx.options.dry_run { looked(items) } else { record(cx, items).await? };
        report.failed.append(&mut failed);
        let error = verdict(&report);
        Ok(Done::with(report, error))
    }
}

/// What an import would take.
fn looked(items: Vec<Item>) -> ImportReport {
    ImportReport { imported: items.len() as u64, ..ImportReport::default() }
}

async fn record(cx: &Ctx, items: Vec<Item>) -> Result<ImportReport> {
    let lock = lock::take(&cx.paths, cx.options.timeout).await?;
    let host = HostName::local();
    let mut ledger = StoreLedger::new(cx, &host, &Arc::new(Written::default()));
    ledger.deleted_too = true;
    // The run is dropped when it is interrupted; the thread has to hear of that.
    let _stop = ledger.cancel.clone().drop_guard();
    let sessions = cx.paths.sessions();
    let (imported, reports) = blocking(move || import::run(items, &sessions, &host, &mut ledger)).await?;
    cx.store.index_transcripts().await?;
    drop(lock);
    cx.changed();
    let mut report = ImportReport::default();
    for tool in reports {
        for left_out in &tool.notices {
            cx.emit.notice(Level::Warn, format!("{}: {left_out}", tool.tool)).await;
        }
        report.messages += tool.counts.messages;
        report.skipped_lines += tool.counts.skipped_lines;
        if failure(std::slice::from_ref(&tool)).is_some() {
            report.failed.extend(tool.failed);
        }
    }
    for one in imported {
        match one.status {
            Status::New => report.imported += 1,
            Status::Updated => report.updated += 1,
            Status::Unchanged => report.unchanged += 1,
            Status::Empty => {
                let empty = Error::not_found("there is no message in it");
                report.failed.push((one.path.display().to_string(), empty));
                continue;
            }
        }
        report.sessions.push(one);
    }
    Ok(report)
}

/// One failure is said as it is; of several the first, and how many there are.
fn verdict(report: &ImportReport) -> Option<Error> {
    let (what, first) = report.failed.first()?;
    let named = |error: &Error| {
        if error.message.contains(what.as_str()) { error.clone() } else { error.clone().at(what) }
    };
    if report.failed.len() == 1 && report.sessions.is_empty() {
        return Some(named(first));
    }
    let count = report.failed.len();
    Some(Error::new(Code::Partial, format!("{count} could not be imported")).hint(named(first).message))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Error::internal(format!("import ended early: {e}")))?
}
