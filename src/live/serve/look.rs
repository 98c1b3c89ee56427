//! What is known of sessions: from their holders, and for the rest from their records.

use futures_util::future::join_all;
use serde_json::Value;

use super::{ANSWER, Shown, Side, blocking};
use crate::error::Result;
use crate::live::client::Said;
use crate::live::record::Record;
use crate::model::live::{Live, LiveState};
use crate::model::{LiveId, Time, ToolId};
use crate::tool::launch;
use crate::wire::holder::{Event, Kind, Status};

impl Side {
    /// Every session, oldest first. Those that ended long ago (seven days, unless set) are forgotten.
    ///
    /// # Errors
    /// Whatever the file system says about the run folder.
    pub async fn list(&self) -> Result<Vec<Live>> {
        let (folder, now, keep) = (self.folder.clone(), self.clock.now(), self.limits.keep);
        let records = blocking(move || {
            let mut records = folder.all()?;
            let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
            records.retain(|record| {
                let since = record.ended.as_ref().map_or(record.started, |ended| ended.at);
                let old = since.until(now) > keep && !record.lives();
                if old {
                    folder.forget(&record.spec.id);
                }
                !old
            });
            Ok(records)
        })
        .await?;
        Ok(join_all(records.into_iter().map(|record| self.look(record)))
            .await
            .into_iter()
            .map(|s| s.live)
            .collect())
    }

    /// One session, with the reason of its state.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn show(&self, id: &LiveId) -> Result<Shown> {
        Ok(self.look(self.record(id).await?).await)
    }

    /// Asks the holder of a record; what it does not say is taken from the record.
    pub(super) async fn look(&self, record: Record) -> Shown {
        if record.lives() {
            match self.ask(&record.spec.id, Kind::Status, &Value::Null, ANSWER).await {
                Ok(Said::State(status)) => {
                    let status = self.teach(&record.spec.id, status).await;
                    let status = self.link(&record, status).await;
                    let status = self.consult(record.spec.tool, status).await;
                    return shown(record.row(), status, self.clock.now());
                }
                Ok(_) | Err(_) => {
                    // It may have ended just now.
                    let record = self.folder.read(&record.spec.id).unwrap_or(record);
                    return unasked(&record);
                }
            }
        }
        unasked(&record)
    }

    /// Tells a holder which conversation its tool holds, as soon as the tool's files say so: it is what
    /// the session can be resumed by when everything else is gone.
    async fn link(&self, record: &Record, status: Status) -> Status {
        let Some(tool) = record.spec.tool.filter(|_| status.native_id.is_none()) else { return status };
        // A holder of before does not know the question.
        if status.rules.is_empty() {
            return status;
        }
        let (env, pid) = (self.env.clone(), status.pid);
        let found = blocking(move || Ok(launch::of_process(tool, &env, pid))).await;
        let Ok(Some(native_id)) = found else { return status };
        let event = Event {
            source: "files".into(),
            name: "process".into(),
            native_id: Some(native_id.clone()),
            ..Event::default()
        };
        // Not kept means found once more the next time.
        let _ = self.ask(&record.spec.id, Kind::Event, &event, ANSWER).await;
        Status { native_id: Some(native_id), ..status }
    }

    /// Where neither hooks nor the screen tell, what the tool keeps in its files may.
    pub(super) async fn consult(&self, tool: Option<ToolId>, status: Status) -> Status {
        let Some(tool) = tool.filter(|_| status.state == LiveState::Unknown) else { return status };
        let (env, pid) = (self.env.clone(), status.pid);
        let found = blocking(move || Ok(launch::register(tool, &env, pid))).await;
        let (state, word) = match found {
            Ok(Some((true, _))) => (LiveState::Working, "busy"),
            Ok(Some((false, true))) => (LiveState::Waiting, "idle, and was busy before"),
            Ok(Some((false, false))) => (LiveState::Idle, "idle"),
            Ok(None) | Err(_) => return status,
        };
        let evidence = format!("{tool} keeps in its files that this process is {word}");
        Status { state, rule: "register".into(), evidence, ..status }
    }

    /// Gives a holder our rules, if it has others: rules get better while sessions run. A holder that
    /// names no rules is too old to learn some.
    async fn teach(&self, id: &LiveId, status: Status) -> Status {
        if status.rules.is_empty() || *status.rules == *self.rules.digest() {
            return status;
        }
        let taught = self.ask(id, Kind::Rules, &self.rules.files(), ANSWER).await;
        match taught {
            Ok(Said::Done) => match self.ask(id, Kind::Status, &Value::Null, ANSWER).await {
                Ok(Said::State(status)) => status,
                Ok(_) | Err(_) => status,
            },
            Ok(_) | Err(_) => status,
        }
    }
}

pub(super) fn shown(row: Live, status: Status, now: Time) -> Shown {
    let Status { state, rule, evidence, exit_code, clients, cols, rows, pid, title, .. } = status;
    let since = i64::try_from(status.for_ms).ok().map(|ms| now.plus_ms(-ms));
    let (notice, calls) = (status.notice, status.calls);
    let shared = status.shared.is_some();
    let people =
        status.shared.into_iter().flat_map(|shared| shared.people).map(|person| person.user).collect();
    let native_id = status.native_id.or_else(|| row.native_id.clone());
    let pid = Some(pid);
    Shown {
        live: Live {
            state,
            exit_code,
            clients,
            cols,
            rows,
            title,
            pid,
            since,
            notice,
            calls,
            native_id,
            shared,
            people,
            ..row
        },
        rule,
        evidence,
    }
}

/// What can be said of a session whose holder was not asked.
pub(super) fn unasked(record: &Record) -> Shown {
    let live = record.row();
    let (rule, evidence) = match (live.state, live.exit_code) {
        (LiveState::Exited, Some(code)) => ("exit-status", format!("the program ended with status {code}")),
        (LiveState::Lost, _) => ("holder", format!("the holder (process {}) is gone", record.holder)),
        _ => ("holder", format!("the holder (process {}) does not answer", record.holder)),
    };
    Shown { live, rule: rule.into(), evidence }
}
