//! The host side: what is done where sessions live, for this machine's own sf and, behind the agent,
//! for one on another.
//!
//! | call | parameters | answer |
//! | --- | --- | --- |
//! | `live.start` | [`crate::model::live::LiveSpec`] | [`Live`] |
//! | `live.list` | | `[`[`Live`]`]` |
//! | `live.show` | `{id}` | [`Shown`] |
//! | `live.screen` | `{id, ansi, scrollback}` | [`ScreenText`] |
//! | `live.send` | `{id, text, keys, enter, force}` | `null` |
//! | `live.stop` | `{id, force}` | [`Shown`] |
//! | `live.share`, `.unshare`, `.adopt`, `.log` | | see `serve/share.rs` |
//! | `live.tmux` | | `[`[`Tmux`]`]` |
//! | `live.put` | `{name, size}` | a stream: bytes there, and a line [`crate::live::put::Answer`] back |
//! | `live.open` | `{id}` | a stream of frames, see [`crate::wire::holder`] |
//! | `live.watch` | | a stream of lines, each `[`[`Live`]`]`: at once, and after every change |

mod feed;
mod login;
mod look;
mod put;
mod scope;
mod share;
mod start;
mod tmux;

use look::{shown, unasked};
pub use share::Gated;
pub use tmux::Tmux;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::client::{Peer, Said};
use super::holder::RING;
use super::record::{Folder, KEEP_ENDED, Record};
use super::session::SCROLLBACK;
use super::status::rules;
use crate::error::{Code, Error, Result};
use crate::fleet::Duplex;
use crate::model::LiveId;
use crate::model::live::{Live, ScreenText};
use crate::sys::socket::Socket;
use crate::sys::{Clock, Env, Paths};
use crate::wire::holder::{Kind, ScreenQuery, Send, Stop};

/// A holder answers at once or is in trouble.
const ANSWER: Duration = Duration::from_secs(5);
/// As JSON it must stay below what a holder takes, also when every byte is escaped.
const MOST_TEXT: usize = crate::wire::holder::MAX_REQUEST / 8;
/// All steps of stopping, and the last output.
const STOPPED: Duration = Duration::from_secs(20);

/// What sessions may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of output that each new holder keeps for clients that come back.
    pub ring: u64,
    /// Bytes of the memory for the lines that left its screen.
    pub scrollback: u64,
    /// How long a session that ended stays listed.
    pub keep: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { ring: RING, scrollback: SCROLLBACK as u64, keep: KEEP_ENDED }
    }
}

/// The sessions of one home on this machine.
#[derive(Clone, Debug)]
pub struct Side {
    folder: Folder,
    env: Env,
    clock: Clock,
    program: Option<PathBuf>,
    limits: Limits,
    login_path: Arc<OnceCell<Option<String>>>,
    rules: Arc<rules::Book>,
    audit: PathBuf,
    /// Where files are put that programs are to read.
    pasted: PathBuf,
}

/// A session with the reason of its state: the answer of `live.show`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The row of `session list`.
    #[serde(flatten)]
    pub live: Live,
    /// The rule that says its state.
    #[serde(default)]
    pub rule: String,
    /// What the rule saw.
    #[serde(default)]
    pub evidence: String,
}

#[derive(Deserialize)]
struct Named<T> {
    id: LiveId,
    #[serde(flatten)]
    rest: T,
}

#[derive(Deserialize)]
struct Nothing {}

impl Side {
    /// The sessions of a home; programs get this environment.
    pub fn new(paths: &Paths, env: Env, clock: Clock) -> Self {
        // Below a home of its own (`--home`), an sf inside of a session is to find the same one.
        let env = match paths.config_dir() == paths.data_dir() {
            true => env.with("SF_HOME", paths.data_dir()),
            false => env,
        };
        // Sockets may lie where a restart of the machine forgets them; what was running must not be.
        let kept = (!paths.run_dir().starts_with(paths.data_dir())).then(|| paths.data_dir().join("live"));
        Self {
            folder: Folder::at(paths.run_dir()).with_kept(kept),
            env,
            clock,
            program: None,
            limits: Limits::default(),
            login_path: Arc::default(),
            rules: Arc::new(rules::Book::new(paths.status_rules())),
            audit: paths.audit_log(),
            pasted: paths.data_dir().join("paste"),
        }
    }

    /// The same with another program to start holders with than the one that we are.
    #[must_use]
    pub fn with_program(self, program: impl Into<PathBuf>) -> Self {
        Self { program: Some(program.into()), ..self }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Answers a host call; parameters that are not known are ignored.
    ///
    /// # Errors
    /// `unsupported` for an unknown method, `usage` for parameters that do not fit, and those of the
    /// method.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value> {
        Ok(match method {
            "live.start" => serde_json::to_value(self.start(fit(params)?).await?)?,
            "live.list" => serde_json::to_value(self.list().await?)?,
            "live.show" => serde_json::to_value(self.show(&fit::<Named<Nothing>>(params)?.id).await?)?,
            "live.screen" => {
                let Named { id, rest } = fit::<Named<ScreenQuery>>(params)?;
                serde_json::to_value(self.screen(&id, rest).await?)?
            }
            "live.send" => {
                let Named { id, rest } = fit::<Named<Send>>(params)?;
                self.send(&id, &rest).await?;
                Value::Null
            }
            "live.stop" => {
                let Named { id, rest } = fit::<Named<Stop>>(params)?;
                serde_json::to_value(self.stop(&id, rest).await?)?
            }
            "live.share" => {
                let Named { id, rest } = fit::<Named<share::Terms>>(params)?;
                serde_json::to_value(self.share(&id, rest).await?)?
            }
            "live.unshare" => {
                self.unshare(&fit::<Named<Nothing>>(params)?.id).await?;
                Value::Null
            }
            "live.tmux" => serde_json::to_value(tmux::list(&self.env).await)?,
            "live.log" => serde_json::to_value(self.log(fit(params)?).await?)?,
            _ => return Err(unknown(method)),
        })
    }

    /// Opens a stream.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn open(&self, method: &str, params: Value) -> Result<Duplex> {
        match method {
            "live.open" => Ok(Box::new(self.connect(&fit::<Named<Nothing>>(params)?.id).await?)),
            "live.put" => Ok(self.put(fit(params)?)),
            "live.adopt" => Ok(Box::new(self.adopt(fit(params)?).await?)),
            "live.watch" => {
                let (ours, theirs) = tokio::io::duplex(64 * 1024);
                let side = self.clone();
                tokio::spawn(async move {
                    if let Err(error) = feed::feed(side, ours).await {
                        tracing::warn!("the list of sessions is not followed any more: {error}");
                    }
                });
                Ok(Box::new(theirs))
            }
            _ => Err(unknown(method)),
        }
    }

    /// The screen as text; of a program that has ended, the last one.
    ///
    /// # Errors
    /// `not_found`; `refused` for a session whose holder is gone.
    pub async fn screen(&self, id: &LiveId, query: ScreenQuery) -> Result<ScreenText> {
        match self.ask(id, Kind::Screen, &query, ANSWER).await {
            Ok(Said::Text(text)) => Ok(text),
            Ok(_) => Err(Error::internal("the holder answers something else")),
            Err(error) => {
                let (folder, id) = (self.folder.clone(), id.clone());
                let last = blocking(move || Ok(folder.read_last(&id))).await?;
                last.map(|last| last.text(query.scrollback as usize, query.ansi)).ok_or(error)
            }
        }
    }

    /// Types.
    ///
    /// # Errors
    /// `not_found`; `refused` when it has ended, does not read, or asks something; `usage` for an
    /// unknown key.
    pub async fn send(&self, id: &LiveId, send: &Send) -> Result<()> {
        if send.text.len() > MOST_TEXT {
            return Err(Error::usage(format!("more than {} KiB at once cannot be typed", MOST_TEXT / 1024))
                .hint("put it into a file and send its name"));
        }
        self.ask(id, Kind::Send, send, ANSWER).await.map(drop)
    }

    /// Ends a session; returns when its program has ended. One that has ended already is no error.
    ///
    /// # Errors
    /// `not_found`, `timeout`.
    pub async fn stop(&self, id: &LiveId, stop: Stop) -> Result<Shown> {
        let record = self.record(id).await?;
        if !record.lives() {
            return Ok(unasked(&record));
        }
        match self.ask(id, Kind::Stop, &stop, STOPPED).await {
            Ok(Said::State(status)) => Ok(shown(record.row(), status, self.clock.now())),
            Err(error) if error.code == Code::Timeout => Err(error),
            // It ended while we asked.
            Ok(_) | Err(_) => Ok(unasked(&self.record(id).await?)),
        }
    }

    /// A connection to the holder of a session whose program runs.
    ///
    /// # Errors
    /// `not_found`; `refused` when it has ended or its holder is gone.
    pub async fn connect(&self, id: &LiveId) -> Result<Socket> {
        let record = self.record(id).await?;
        if let Ok(stream) = Socket::connect(self.folder.socket(id)).await {
            return Ok(stream);
        }
        // It may have ended between the two looks.
        let record = self.folder.read(id).unwrap_or(record);
        Err(match record.ended {
            Some(ended) => {
                Error::refused(format!("session `{id}` has ended with status {}", ended.exit_code))
                    .hint(format!("its last screen: sf session screen {id}"))
            }
            None if record.held() => Error::refused(format!("the holder of session `{id}` does not answer")),
            None => Error::refused(format!("the holder of session `{id}` is gone, and its program with it")),
        })
    }

    async fn record(&self, id: &LiveId) -> Result<Record> {
        let (folder, wanted) = (self.folder.clone(), id.clone());
        blocking(move || Ok(folder.read(&wanted)))
            .await?
            .ok_or_else(|| Error::not_found(format!("there is no live session `{id}` on this host")))
    }

    /// One question, one answer.
    async fn ask(&self, id: &LiveId, kind: Kind, question: &impl Serialize, limit: Duration) -> Result<Said> {
        let stream = self.connect(id).await?;
        let asking = async {
            let mut peer = Peer::new(stream);
            peer.hello().await?;
            peer.ask(kind, question).await
        };
        tokio::time::timeout(limit, asking).await.unwrap_or_else(|_| {
            Err(Error::new(Code::Timeout, format!("the holder of session `{id}` does not answer")))
        })
    }
}

fn fit<T: serde::de::DeserializeOwned>(params: Value) -> Result<T> {
    serde_json::from_value(params).map_err(|e| Error::usage(format!("the parameters do not fit: {e}")))
}

fn unknown(method: &str) -> Error {
    Error::unsupported(format!("this sf knows no host call `{method}`"))
}

async fn blocking<T: std::marker::Send + 'static>(
    work: impl FnOnce() -> Result<T> + std::marker::Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Error::internal(format!("reading the run folder: {e}")))?
}
