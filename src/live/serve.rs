//! The host side: what is done where sessions live, for this machine's own sf and, behind the agent,
//! for one on another.
//!
//! | call | parameters | answer |
//! | --- | --- | --- |
//! | `live.start` | [`LiveSpec`] | [`Live`] |
//! | `live.list` | | `[`[`Live`]`]` |
//! | `live.show` | `{id}` | [`Shown`] |
//! | `live.screen` | `{id, ansi, scrollback}` | [`ScreenText`] |
//! | `live.send` | `{id, text, keys, enter, force}` | `null` |
//! | `live.stop` | `{id, force}` | [`Shown`] |
//! | `live.share`, `.unshare`, `.adopt`, `.log` | | see `serve/share.rs` |
//! | `live.tmux` | | `[`[`Tmux`]`]` |
//! | `live.open` | `{id}` | a stream of frames, see [`crate::wire::holder`] |
//! | `live.watch` | | a stream of lines, each `[`[`Live`]`]`: at once, and after every change |

mod feed;
mod login;
mod scope;
mod share;
mod tmux;

pub use share::Gated;
pub use tmux::Tmux;

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::OnceCell;

use super::client::{Peer, Said};
use super::holder::{self, RING, Reply, Request};
use super::record::{Folder, KEEP_ENDED, Record};
use super::session::SCROLLBACK;
use super::status::{RuleFile, rules};
use crate::error::{At, Code, Error, Result};
use crate::fleet::Duplex;
use crate::model::live::{Live, LiveSpec, LiveState, ScreenText};
use crate::model::{LiveId, Time};
use crate::sys::{Clock, Env, Paths, proc};
use crate::tool::launch;
use crate::wire::holder::{Event, Kind, ScreenQuery, Send, Status, Stop};

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
    rules: Arc<[RuleFile]>,
    digest: Arc<str>,
    audit: PathBuf,
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
        let (files, wrong) = RuleFile::load(&paths.status_rules());
        wrong.iter().for_each(|text| tracing::warn!("a file of status rules is left out: {text}"));
        // Sockets may lie where a restart of the machine forgets them; what was running must not be.
        let kept = (!paths.run_dir().starts_with(paths.data_dir())).then(|| paths.data_dir().join("live"));
        Self {
            folder: Folder::at(paths.run_dir()).with_kept(kept),
            env,
            clock,
            program: None,
            limits: Limits::default(),
            login_path: Arc::default(),
            digest: rules::digest(&files).into(),
            rules: files.into(),
            audit: paths.audit_log(),
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

    /// Starts a session. When this returns, its program has been executed; asking again with the same
    /// id starts nothing.
    ///
    /// # Errors
    /// `conflict` for a name that a running session has, `not_found` for a missing program or folder,
    /// `tool` when the system cannot run it.
    pub async fn start(&self, spec: LiveSpec) -> Result<Live> {
        let id = spec.id.clone();
        let Limits { ring, scrollback, .. } = self.limits;
        let request = Request {
            run: self.folder.path().to_owned(),
            kept: self.folder.kept().map(ToOwned::to_owned),
            spec,
            ring,
            scrollback,
            rules: self.rules.to_vec(),
            audit: Some(self.audit.clone()),
        };
        let program = match &self.program {
            Some(program) => program.clone(),
            None => proc::own_program()?,
        };
        let request = serde_json::to_vec(&request)?;
        let mut text = Vec::new();
        if scope::leaves_login(&self.env) {
            // The user's manager may be on its way out; then the login is what there is.
            text = self.hold(scope::outside(&program), &request).await.unwrap_or_default();
        }
        if text.is_empty() {
            text = self.hold(proc::command(&program), &request).await?;
        }
        match serde_json::from_slice(&text) {
            Ok(Reply::Ok(record)) => Ok(self.look(*record).await.live),
            Ok(Reply::Err(error)) => Err(error),
            Err(_) => Err(Error::internal(format!("the holder of `{id}` ended without an answer"))),
        }
    }

    /// Starts a holder and hears its answer.
    async fn hold(&self, mut command: tokio::process::Command, request: &[u8]) -> Result<Vec<u8>> {
        command.arg(holder::WORD).env_clear().envs(self.variables()).current_dir("/");
        if let Some(path) = self.login_path().await {
            command.env("PATH", path);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(false);
        let mut child = command.spawn().at("the holder")?;
        let (Some(mut stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::internal("a holder without pipes"));
        };
        stdin.write_all(request).await.at("the holder")?;
        drop(stdin);
        let mut text = Vec::new();
        stdout.read_to_end(&mut text).await.at("the holder")?;
        child.wait().await.at("the holder")?;
        Ok(text)
    }

    /// The environment that programs inherit: ours, without what only concerns this process or the
    /// terminal that it happens to run in (a program must not believe that it is inside of a tmux
    /// that it is not in).
    fn variables(&self) -> impl Iterator<Item = (&std::ffi::OsString, &std::ffi::OsString)> {
        const OUTER: [&str; 15] = [
            "TMUX",
            "TMUX_PANE",
            "STY",
            "WINDOW",
            "TERM_PROGRAM",
            "TERM_PROGRAM_VERSION",
            "TERM_SESSION_ID",
            "VTE_VERSION",
            "KITTY_WINDOW_ID",
            "KITTY_PID",
            "WEZTERM_PANE",
            "WT_SESSION",
            "COLUMNS",
            "LINES",
            "WINDOWID",
        ];
        self.env.vars().filter(|(name, _)| {
            let name = name.to_string_lossy();
            name == "SF_HOME" || !(name.starts_with("SF_") || OUTER.contains(&&*name))
        })
    }

    /// The `PATH` of a login here, if we are not in one: an agent behind ssh gets a poorer one, without
    /// the folders that profiles add, where the tools often are. Asked once, by the first session.
    async fn login_path(&self) -> Option<&str> {
        if self.env.get("SSH_CONNECTION").is_none() || self.env.get("SSH_TTY").is_some() {
            return None;
        }
        self.login_path.get_or_init(|| login::path(&self.env)).await.as_deref()
    }

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
    async fn look(&self, record: Record) -> Shown {
        if record.lives() {
            match self.ask(&record.spec.id, Kind::Status, &Value::Null, ANSWER).await {
                Ok(Said::State(status)) => {
                    let status = self.teach(&record.spec.id, status).await;
                    let status = self.link(&record, status).await;
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

    /// Gives a holder our rules, if it has others: rules get better while sessions run. A holder that
    /// names no rules is too old to learn some.
    async fn teach(&self, id: &LiveId, status: Status) -> Status {
        if status.rules.is_empty() || *status.rules == *self.digest {
            return status;
        }
        let taught = self.ask(id, Kind::Rules, &&*self.rules, ANSWER).await;
        match taught {
            Ok(Said::Done) => match self.ask(id, Kind::Status, &Value::Null, ANSWER).await {
                Ok(Said::State(status)) => status,
                Ok(_) | Err(_) => status,
            },
            Ok(_) | Err(_) => status,
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
    pub async fn connect(&self, id: &LiveId) -> Result<UnixStream> {
        let record = self.record(id).await?;
        if let Ok(stream) = UnixStream::connect(self.folder.socket(id)).await {
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

fn shown(row: Live, status: Status, now: Time) -> Shown {
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
fn unasked(record: &Record) -> Shown {
    let live = record.row();
    let (rule, evidence) = match (live.state, live.exit_code) {
        (LiveState::Exited, Some(code)) => ("exit-status", format!("the program ended with status {code}")),
        (LiveState::Lost, _) => ("holder", format!("the holder (process {}) is gone", record.holder)),
        _ => ("holder", format!("the holder (process {}) does not answer", record.holder)),
    };
    Shown { live, rule: rule.into(), evidence }
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
