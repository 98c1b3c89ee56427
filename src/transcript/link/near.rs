//! The host's end: finds and reads what it is asked for.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{Ask, Found, Line, Say};
use crate::error::{Error, Result};
use crate::fleet::Duplex;
use crate::model::ToolId;
use crate::model::message::Message;
use crate::sys::Env;
use crate::sys::clock::millis;
use crate::tool::{self, Progress, Session, Sink, Skipped, Tool};

/// Bytes that the host may be ahead of the link.
const AHEAD: usize = 256 << 10;

/// Opens the stream of the host call `capture.read`.
///
/// # Errors
/// `unsupported` for any other call.
pub fn open(env: &Env, method: &str, _params: Value) -> Result<Duplex> {
    if method != "capture.read" {
        return Err(Error::unsupported(format!("this sf knows no host call `{method}`"))
            .hint("a newer sf asked: `sf bootstrap --upgrade` puts that one here"));
    }
    let (ours, theirs) = tokio::io::duplex(AHEAD);
    let line = Line::new(Box::new(ours), Handle::current(), CancellationToken::new());
    let env = env.clone();
    tokio::task::spawn_blocking(move || {
        if let Err(error) =
            (Server { line, env, sessions: HashMap::new(), tool: None, details: false }).serve()
        {
            tracing::debug!("a capture over the link ended: {error}");
        }
    });
    Ok(Box::new(theirs))
}

struct Server {
    line: Line,
    env: Env,
    tool: Option<&'static dyn Tool>,
    /// Whether the client wants to know what exactly was skipped.
    details: bool,
    sessions: HashMap<String, Session>,
}

impl Server {
    /// Until the client goes away. Whatever is open then is closed.
    fn serve(&mut self) -> Result<()> {
        let served = self.answer();
        self.finish();
        served
    }

    fn answer(&mut self) -> Result<()> {
        while let Some(ask) = self.line.get()? {
            match ask {
                Ask::List { tool, known, details } => {
                    self.sessions.clear();
                    self.details = details;
                    self.tool = tool.parse::<ToolId>().ok().and_then(tool::get);
                    match self.tool {
                        Some(tool) => self.list(tool, known)?,
                        None => self.line.put(&Say::Listed {
                            details: true,
                            roots: Vec::new(),
                            failed: Vec::new(),
                        })?,
                    }
                }
                Ask::Read { native_id, progress, held } => self.read(&native_id, *progress, held)?,
                Ask::Finish => {
                    let left_out = self.finish();
                    self.line.put(&Say::Finished(left_out))?;
                }
                Ask::Elsewhere { .. } => return Err(Error::corrupt("an answer without a question")),
            }
        }
        Ok(())
    }

    /// Closes what the tool has open. Says what had to be left out.
    fn finish(&self) -> Vec<Error> {
        let roots = self.tool.map(|tool| (tool, tool.roots(&self.env)));
        roots
            .map(|(tool, roots)| roots.iter().flat_map(|root| tool.finish(root)).collect())
            .unwrap_or_default()
    }

    fn list(
        &mut self,
        tool: &'static dyn Tool,
        known: std::collections::BTreeMap<String, Progress>,
    ) -> Result<()> {
        let roots = tool.roots(&self.env);
        let mut failed = Vec::new();
        for root in &roots {
            let found = match tool.find(root) {
                Ok(found) => found,
                Err(error) => {
                    failed.push((root.display().to_string(), error));
                    continue;
                }
            };
            for session in found {
                let progress = known.get(&session.native_id);
                let found = Found {
                    native_id: session.native_id.clone(),
                    sources: session.sources.clone(),
                    title: session.title.clone(),
                    family: if progress.is_none() { tool.family(&session) } else { None },
                    changed: millis(tool.changed(&session)),
                    age: if progress.is_none() { tool.age(&session) } else { 0 },
                    unchanged: progress.is_some_and(|progress| tool.unchanged(&session, progress)),
                };
                self.line.put(&Say::Found(Box::new(found)))?;
                self.sessions.insert(session.native_id.clone(), session);
            }
        }
        self.line.put(&Say::Listed { details: true, roots, failed })
    }

    fn read(&mut self, native_id: &str, progress: Progress, held: HashSet<String>) -> Result<()> {
        let (Some(tool), Some(session)) = (self.tool, self.sessions.get(native_id)) else {
            let error = Error::not_found(format!("the host has no session `{native_id}`"));
            return self.line.put(&Say::Done { error: Some(error) });
        };
        let mut sink =
            Forward { line: &mut self.line, details: self.details, held, alone: HashSet::new(), gone: None };
        let outcome = tool.read(session, progress, &mut sink);
        // When the client is gone there is nobody to tell.
        if let Some(gone) = sink.gone {
            return Err(gone);
        }
        self.line.put(&Say::Done { error: outcome.err() })
    }
}

/// Sends what a tool reads over the link.
struct Forward<'a> {
    line: &'a mut Line,
    details: bool,
    held: HashSet<String>,
    /// Roots that nothing else shares.
    alone: HashSet<String>,
    gone: Option<Error>,
}

impl Forward<'_> {
    fn say(&mut self, say: &Say) -> Result<()> {
        if let Some(gone) = &self.gone {
            return Err(gone.clone());
        }
        let said = self.line.put(say);
        self.gone = said.as_ref().err().cloned();
        said
    }

    fn ask(&mut self, root: &str, msg_id: &str) -> Option<String> {
        self.say(&Say::Elsewhere { root: root.to_owned(), msg_id: msg_id.to_owned() }).ok()?;
        match self.line.get() {
            Ok(Some(Ask::Elsewhere { owner, alone })) => {
                if alone {
                    self.alone.insert(root.to_owned());
                }
                owner
            }
            Ok(_) => {
                self.gone = Some(Error::unreachable("the client does not answer"));
                None
            }
            Err(error) => {
                self.gone = Some(error);
                None
            }
        }
    }
}

impl Sink for Forward<'_> {
    fn message(&mut self, message: Message) -> Result<bool> {
        if !self.held.insert(message.msg_id.clone()) {
            return Ok(false);
        }
        self.say(&Say::Message(Box::new(message)))?;
        Ok(true)
    }

    fn holds(&self, msg_id: &str) -> bool {
        self.held.contains(msg_id)
    }

    fn elsewhere(&mut self, root: &str, msg_id: &str) -> Option<String> {
        if self.alone.contains(root) { None } else { self.ask(root, msg_id) }
    }

    fn beside(&mut self, line: &[u8]) -> Result<()> {
        match std::str::from_utf8(line) {
            Ok(text) => self.say(&Say::BesideText(text.to_owned())),
            Err(_) => self.say(&Say::Beside(line.to_vec())),
        }
    }

    fn read(&mut self, bytes: u64) {
        // A link that broke is noticed by what comes next.
        let _ = self.say(&Say::Read(bytes));
    }

    fn skipped(&mut self, what: Skipped) {
        let _ = self.say(&if self.details { Say::SkippedAt(what) } else { Say::Skipped(1) });
    }

    fn checkpoint(&mut self, progress: &Progress) -> Result<()> {
        self.say(&Say::Checkpoint(Box::new(progress.clone())))
    }
}
