//! The host side of this machine: what its sf does when it is asked, by its own engine or through
//! the agent.

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::fleet::{Calls, Duplex};
use crate::sys::{Clock, Env, Paths};

/// Answers host calls by handing them to the domain that their first word names.
pub struct HostSide {
    #[expect(dead_code, reason = "live")]
    paths: Paths,
    #[expect(dead_code, reason = "live")]
    env: Env,
    #[expect(dead_code, reason = "live")]
    clock: Clock,
}

impl HostSide {
    /// The host side of one home.
    pub const fn new(paths: Paths, env: Env, clock: Clock) -> Self {
        Self { paths, env, clock }
    }
}

fn unknown(method: &str) -> Error {
    Error::unsupported(format!("this sf knows no host call `{method}`"))
        .hint("a newer sf asked: `sf bootstrap --upgrade` puts that one here")
}

impl Calls for HostSide {
    fn call<'a>(&'a self, method: &'a str, _params: Value) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move { Err(unknown(method)) })
    }

    fn open<'a>(&'a self, method: &'a str, _params: Value) -> BoxFuture<'a, Result<Duplex>> {
        Box::pin(async move { Err(unknown(method)) })
    }
}
