//! Which session is meant.

use std::convert::Infallible;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::engine::{Ctx, Fanned, Level, fan};
use crate::error::{Error, Result};
use crate::fleet;
use crate::live::serve::Shown;
use crate::model::live::Live;
use crate::model::{HostName, LiveId, host};

/// A session as people write it: an id or the beginning of one (also without `live_`), a name, or
/// `@last`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Session(pub String);

impl FromStr for Session {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

/// A session that was found.
pub struct Found {
    /// Its id.
    pub id: LiveId,
    /// Its host.
    pub host: Arc<dyn fleet::Host>,
}

/// What is known of one session.
struct Known {
    id: LiveId,
    host: HostName,
    name: Option<String>,
}

impl Session {
    /// Finds it: among the sessions that were seen before, else by asking every host.
    ///
    /// # Errors
    /// `not_found`; `usage` with the candidates when several are meant.
    pub async fn find(&self, cx: &Ctx) -> Result<Found> {
        let seen = self.among(cx).await?;
        let matches = match seen.as_slice() {
            [_] => seen,
            _ if self.0 == "@last" && !seen.is_empty() => seen,
            _ => {
                // None, or several of which some may have ended meanwhile.
                refresh(cx).await?;
                self.narrow(cx).await?
            }
        };
        match matches.as_slice() {
            [] => Err(Error::not_found(format!("no live session is called `{}`", self.0))
                .hint("`sf session list` shows them all")),
            [one, ..] if matches.len() == 1 || self.0 == "@last" => {
                Ok(Found { id: one.id.clone(), host: cx.host(&one.host).await? })
            }
            several => {
                let candidates = several.iter().map(|k| {
                    let name = k.name.as_ref().map(|n| format!(" {n}")).unwrap_or_default();
                    format!("{}{name} on {}", k.id, k.host)
                });
                let candidates: Vec<String> = candidates.collect();
                Err(Error::usage(format!("`{}` could be {}", self.0, candidates.join(", "))))
            }
        }
    }

    /// Every session that fits, newest first.
    async fn among(&self, cx: &Ctx) -> Result<Vec<Known>> {
        let known: Vec<Known> = cx
            .store
            .live_names()
            .await?
            .into_iter()
            .map(|(id, host, name)| Known { id, host, name })
            .collect();
        if self.0 == "@last" {
            return Ok(known.into_iter().take(1).collect());
        }
        let prefix = if self.0.starts_with("live_") { self.0.clone() } else { format!("live_{}", self.0) };
        let named = |k: &Known| k.name.as_deref() == Some(&self.0);
        let whole = |k: &Known| k.id.as_str() == prefix;
        // A name or a whole id beats the beginning of another id.
        let exact = known.iter().any(|k| named(k) || whole(k));
        Ok(known
            .into_iter()
            .filter(|k| if exact { named(k) || whole(k) } else { k.id.as_str().starts_with(&prefix) })
            .collect())
    }

    /// Of several, those that still run; when none does, those that are still listed; of those that
    /// share a name, the newest.
    async fn narrow(&self, cx: &Ctx) -> Result<Vec<Known>> {
        let all = self.among(cx).await?;
        if all.len() < 2 {
            return Ok(all);
        }
        let rows = cx.store.live().await?;
        let (mut running, mut rest) = (Vec::new(), Vec::new());
        for known in all {
            let lives = rows.iter().any(|row| row.id == known.id && row.state.lives());
            if lives { running.push(known) } else { rest.push(known) }
        }
        if !running.is_empty() {
            return Ok(running);
        }
        if rest.iter().all(|k| k.name.as_deref() == Some(&self.0)) {
            rest.truncate(1);
        }
        Ok(rest)
    }
}

impl Found {
    /// Asks its host about it.
    ///
    /// # Errors
    /// Those of the host call; `not_found` when the host has forgotten it.
    pub async fn show(&self, cx: &Ctx) -> Result<Shown> {
        self.learn(cx, self.host.call("live.show", json!({ "id": self.id })).await?).await
    }

    /// Takes an answer that is about the session, and remembers it.
    pub async fn learn(&self, cx: &Ctx, answer: serde_json::Value) -> Result<Shown> {
        let mut shown: Shown = serde_json::from_value(answer)?;
        shown.live.host = self.host.name().clone();
        let kept = cx.store.save_live(self.host.name(), vec![shown.live.clone()], false).await?;
        shown.live.transcript = kept.into_iter().next().and_then(|live| live.transcript);
        Ok(shown)
    }
}

/// Asks hosts for their sessions and remembers the answers.
pub async fn list(cx: &Ctx, hosts: &[host::Host]) -> Result<Vec<Fanned<Vec<Live>>>> {
    let mut answers = fan(cx, hosts, |host| async move {
        let rows: Vec<Live> = serde_json::from_value(host.call("live.list", json!({})).await?)?;
        Ok(rows)
    })
    .await;
    for Fanned { host, result } in &mut answers {
        if let Ok(rows) = result {
            rows.iter_mut().for_each(|row| row.host = host.name.clone());
            *rows = cx.store.save_live(&host.name, std::mem::take(rows), true).await?;
        }
    }
    Ok(answers)
}

/// Asks every host; one that cannot be reached is told about, not an error.
async fn refresh(cx: &Ctx) -> Result<()> {
    let hosts: Vec<host::Host> = cx.store.hosts().await?.into_iter().map(|(host, _)| host).collect();
    for answer in list(cx, &hosts).await? {
        if let Err(error) = answer.result {
            cx.emit.notice(Level::Warn, format!("{}: {error}", answer.host.name)).await;
        }
    }
    Ok(())
}
