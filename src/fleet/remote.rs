//! A host behind ssh: steps over its shell, questions over its agent.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio_util::task::AbortOnDropHandle;

use super::bootstrap;
use super::host::{Duplex, Host, Output, Step};
use super::link::Link;
use super::sh::DATA_DIR;
use super::ssh::Ssh;
use crate::error::{Code, Error, Result};
use crate::model::HostName;
use crate::sys::random;

/// A remote host.
pub(super) struct Remote {
    name: HostName,
    ssh: Arc<Ssh>,
    link: Mutex<Option<Arc<Link>>>,
    links: Option<Handle>,
}

impl Remote {
    /// Its link is waited for by `links`; `None`: by whoever asks first.
    pub(super) fn new(name: HostName, ssh: Ssh, links: Option<Handle>) -> Self {
        Self { name, ssh: Arc::new(ssh), link: Mutex::new(None), links }
    }

    /// The link to the agent; a new one when there is none or it has ended.
    async fn link(&self) -> Result<Arc<Link>> {
        let mut link = self.link.lock().await;
        if let Some(open) = link.as_ref().filter(|l| l.is_open()) {
            return Ok(open.clone());
        }
        let connecting = Self::connect(self.name.clone(), self.ssh.clone());
        let open = Arc::new(match &self.links {
            Some(links) => {
                let connecting = AbortOnDropHandle::new(links.spawn(connecting));
                connecting.await.map_err(|_| Error::unreachable("this sf is ending"))??
            }
            None => connecting.await?,
        });
        *link = Some(open.clone());
        Ok(open)
    }

    async fn connect(name: HostName, ssh: Arc<Ssh>) -> Result<Link> {
        let no_agent = |error| Self::no_agent(&name, error);
        let ready = format!("sf-agent-{}", random::hex(8)?);
        // A program that is not there or does not run is silent: its end comes before its hello. So does
        // that of a connection that breaks just then, but of that the shell does not tell its status.
        let script = format!(
            "cd \"${{HOME:-/}}\" 2>/dev/null\nb={DATA_DIR}/bin s=none\n\
             [ -r \"$b/current\" ] && read -r s v <\"$b/current\"\necho {ready}\n\
             [ -x \"$b/$s/sf\" ] && exec \"$b/$s/sf\" agent --stdio\nexit 0"
        );
        let mut io = ssh.pipe(&script, &ready).await?;
        let Some(theirs) = Link::hello(&mut io).await.map_err(no_agent)? else {
            return Err(no_agent(match io.has_ended().await {
                true => Error::unsupported("no sf answers there"),
                false => Error::unreachable("the link ended before the sf there could answer"),
            }));
        };
        Link::open(io, theirs).await
    }

    /// An sf of another version may not know what is asked: that is no fault of the link, and mended by
    /// putting ours there.
    fn of_version<T>(&self, link: &Link, answer: Result<T>) -> Result<T> {
        let (theirs, ours) = (link.program(), env!("CARGO_PKG_VERSION"));
        answer.map_err(|error| match error.code {
            Code::Unsupported if theirs != ours => {
                let (name, message) = (&self.name, error.message);
                let upgrade = if bootstrap::is_newer(theirs, ours) { " --upgrade" } else { "" };
                let theirs = if theirs.is_empty() { "another version" } else { theirs };
                Error::unsupported(format!("host `{name}` has sf {theirs}, and ours is {ours}: {message}"))
                    .hint(format!("`sf bootstrap --hosts {name}{upgrade}` puts this sf there"))
            }
            _ => error,
        })
    }

    fn no_agent(name: &HostName, error: Error) -> Error {
        match error.code {
            Code::Unreachable => error.at(format!("host `{name}`")),
            _ => Error::unsupported(format!("host `{name}`: {}", error.message))
                .hint(format!("`sf bootstrap --hosts {name}` puts this sf there")),
        }
    }
}

impl Host for Remote {
    fn name(&self) -> &HostName {
        &self.name
    }

    fn resting(&self) -> Option<Error> {
        self.ssh.resting()
    }

    fn steps(&self, steps: Vec<Step>, jobs: usize) -> BoxFuture<'_, Result<Vec<Output>>> {
        async move { self.ssh.steps(&steps, jobs).await }.boxed()
    }

    fn pipe<'a>(&'a self, script: &'a str, ready: &'a str) -> BoxFuture<'a, Result<Duplex>> {
        async move { Ok(Box::new(self.ssh.pipe(script, ready).await?) as Duplex) }.boxed()
    }

    fn call<'a>(&'a self, method: &'a str, params: Value) -> BoxFuture<'a, Result<Value>> {
        async move {
            let link = self.link().await?;
            self.of_version(&link, link.call(method, params).await)
        }
        .boxed()
    }

    fn open<'a>(&'a self, method: &'a str, params: Value) -> BoxFuture<'a, Result<Duplex>> {
        async move {
            let link = self.link().await?;
            self.of_version(&link, link.stream(method, params).await)
        }
        .boxed()
    }
}
