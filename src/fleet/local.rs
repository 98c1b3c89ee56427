//! The machine that we run on, as a host like any other: the same scripts, without ssh.

use std::process::Stdio;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustix::process::Signal;
use serde_json::Value;

use super::host::{Duplex, Host, Output, SharedCalls, Step};
use super::steps;
use crate::error::{Error, Result};
use crate::model::HostName;
use crate::sys::{Env, proc, random};

/// The local host.
pub(super) struct Local {
    name: HostName,
    env: Env,
    calls: SharedCalls,
}

impl Local {
    pub(super) fn new(env: Env, calls: SharedCalls) -> Self {
        Self { name: HostName::local(), env, calls }
    }

    async fn run(&self, steps: Vec<Step>, jobs: usize) -> Result<Vec<Output>> {
        let marker = format!("sf-steps-{}", random::hex(8)?);
        let script = steps::script(&steps, jobs, &marker);
        let mut command = proc::command("/bin/sh");
        command.arg("-s").env_clear().envs(self.env.vars());
        // A group of its own, so that giving up ends git as well as the shell. The shell gets the
        // gentle signal: it has a folder to remove.
        command.process_group(0).kill_on_drop(false);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|e| Error::tool(format!("cannot start `/bin/sh`: {e}")))?;
        let mut group = Group(child.id());
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(Error::internal("a shell without pipes"));
        };
        let (out, err) = steps::talk(script, stdin, stdout, stderr).await?;
        let status = child.wait().await?;
        group.0 = None;
        steps::parse(&out, &marker, steps.len()).unwrap_or_else(|| {
            Err(Error::tool(format!("the shell ended early ({status}): {}", steps::last_words(&err))))
        })
    }
}

/// A process group that ends with us.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // It is ours; and if it is gone already, all the better.
            let _ = proc::kill_group(pid, Signal::TERM);
        }
    }
}

impl Host for Local {
    fn name(&self) -> &HostName {
        &self.name
    }

    fn steps(&self, steps: Vec<Step>, jobs: usize) -> BoxFuture<'_, Result<Vec<Output>>> {
        self.run(steps, jobs).boxed()
    }

    fn call<'a>(&'a self, method: &'a str, params: Value) -> BoxFuture<'a, Result<Value>> {
        self.calls.call(method, params)
    }

    fn open<'a>(&'a self, method: &'a str, params: Value) -> BoxFuture<'a, Result<Duplex>> {
        self.calls.open(method, params)
    }
}
