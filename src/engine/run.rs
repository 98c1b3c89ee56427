//! One running command.
//!
//! ```text
//!  Started --> [Ask] --> running --> Finished
//!                 |         |  \--> panic:   internal
//!                 |         |--> deadline:   timeout
//!                 \---------\--> cancelled:  cancelled
//! ```

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::contract::{Deadline, Done, Runnable};
use super::{Call, Ctx, Event, Touch};
use crate::error::{Code, Error, Result};
use crate::sys::clock::Watch;
use serde_json::Value;

/// Runs a call to its end; `Finished` is sent exactly once, whatever happens.
pub(super) async fn drive(call: Call, cx: Ctx) {
    let watch = Watch::start();
    cx.emit.send(Event::Started { command: call.line.clone() }).await;
    let row = journal_start(&call, &cx).await;
    let outcome = attempt(&call, &cx).await;
    let ms = watch.ms();
    let (result, error) = match outcome {
        Ok(done) => (Some(done.value), done.error),
        Err(error) => (None, Some(error)),
    };
    if let Some(row) = row
        && let Err(e) = cx.store.journal_end(row, error.as_ref().map(|e| e.code.as_str()), ms).await
    {
        tracing::warn!("journal: {e}");
    }
    if touch(&call, &cx) != Touch::Reads {
        cx.changed();
    }
    cx.emit.send(Event::Finished { result, error, ms }).await;
}

fn touch(call: &Call, cx: &Ctx) -> Touch {
    cx.shared.catalog.find(call.id).map_or(Touch::Reads, |entry| entry.touch)
}

/// What changes something is written down before it is done, so that a crash leaves a trace.
async fn journal_start(call: &Call, cx: &Ctx) -> Option<i64> {
    let touch = touch(call, cx);
    if touch == Touch::Reads || call.options.dry_run || call.origin == super::Origin::Ui {
        return None;
    }
    match cx.store.journal_start(cx.clock.now(), call.origin.as_str(), &call.line, touch.as_str()).await {
        Ok(row) => Some(row),
        Err(e) => {
            // Work is not refused for want of a journal; a database that is really broken will
            // stop the command itself with its own message.
            tracing::warn!("journal: {e}");
            None
        }
    }
}

async fn attempt(call: &Call, cx: &Ctx) -> Result<Done<Value>> {
    let runnable = cx.shared.decode(call)?;
    tokio::select! {
        biased;
        () = interrupted(&cx.cancel) => return Err(Error::cancelled()),
        asked = consent(runnable.as_ref(), cx) => asked?,
    }
    let deadline = match cx.shared.catalog.find(call.id).map(|entry| entry.deadline) {
        Some(Deadline::Whole) => call.options.timeout,
        _ => None,
    };
    // Dropping it ends it, so that nothing goes on unseen.
    let mut task = AbortOnDropHandle::new(tokio::spawn(runnable.run(cx.clone())));
    let expired = async {
        match deadline {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = interrupted(&cx.cancel) => Err(Error::cancelled()),
        joined = &mut task => joined.unwrap_or_else(|e| {
            Err(Error::internal(format!("`{}` broke: {e}", call.id)).hint("this is a bug; the log has more"))
        }),
        () = expired => Err(Error::new(Code::Timeout, format!("`{}` did not finish in time", call.id))),
    }
}

async fn interrupted(cancel: &CancellationToken) {
    cancel.cancelled().await;
}

async fn consent(runnable: &dyn Runnable, cx: &Ctx) -> Result<()> {
    let Some(question) = runnable.asks() else { return Ok(()) };
    if cx.options.yes || cx.options.dry_run {
        return Ok(());
    }
    let needed = || Error::new(Code::NeedsConsent, question.clone()).hint("--yes says yes beforehand");
    if !cx.origin.answers() || !cx.options.attended {
        return Err(needed());
    }
    let plan = runnable.plan(cx).await?;
    if cx.emit.ask(question.clone(), plan).await { Ok(()) } else { Err(needed()) }
}

#[cfg(test)]
mod tests;
