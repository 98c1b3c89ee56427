//! The host side of this machine: what its sf does when it is asked, by its own engine or through
//! the agent.

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::config::settings::Session;
use crate::error::{Error, Result};
use crate::fleet::{Calls, Duplex};
use crate::live::serve::{Limits, Side};
use crate::live::service;
use crate::sys::{Clock, Env, Paths};
use crate::tool::hooks;
use crate::transcript::link;

/// Answers host calls by handing them to the domain that their first word names.
pub struct HostSide {
    live: Side,
    paths: Paths,
    env: Env,
}

impl HostSide {
    /// The host side of one home.
    pub fn new(paths: &Paths, env: Env, clock: Clock, session: &Session) -> Self {
        Self {
            env: env.clone(),
            paths: paths.clone(),
            live: Side::new(paths, env, clock).with_limits(Limits {
                ring: session.ring.0,
                scrollback: session.scrollback.0,
                keep: session.keep.0,
            }),
        }
    }
}

fn unknown(method: &str) -> Error {
    Error::unsupported(format!("this sf knows no host call `{method}`"))
        .hint("a newer sf asked: `sf bootstrap --upgrade` puts that one here")
}

impl Calls for HostSide {
    fn call<'a>(&'a self, method: &'a str, params: Value) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move {
            match method.split_once('.') {
                Some(("live", _)) => self.live.call(method, params).await,
                Some(("service", verb)) => {
                    Ok(serde_json::to_value(service::answer(verb, &self.paths, &self.env).await?)?)
                }
                Some(("hooks", verb)) => {
                    let (verb, env) = (verb.to_owned(), self.env.clone());
                    let done = tokio::task::spawn_blocking(move || hooks::answer(&verb, params, &env)).await;
                    let done = done.map_err(|e| Error::internal(format!("hooks: {e}")))??;
                    Ok(serde_json::to_value(done)?)
                }
                _ => Err(unknown(method)),
            }
        })
    }

    fn open<'a>(&'a self, method: &'a str, params: Value) -> BoxFuture<'a, Result<Duplex>> {
        Box::pin(async move {
            match method.split_once('.') {
                Some(("live", _)) => self.live.open(method, params).await,
                Some(("capture", _)) => link::open(&self.env, method, params),
                _ => Err(unknown(method)),
            }
        })
    }
}
