//! The hosts of one process: each reached once, whoever asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;

use super::host::{Host, SharedCalls};
use super::local::Local;
use super::master::{Master, SshSettings};
use super::remote::Remote;
use super::ssh;

use crate::config::settings::Ssh;
use crate::error::Result;
use crate::model::{HostName, host};
use crate::sys::{Env, Paths};

/// Every machine that can be asked. Cheap to clone; connects to nothing until asked.
#[derive(Clone)]
pub struct Fleet(Arc<Inner>);

struct Inner {
    env: Env,
    paths: Paths,
    ssh: SshSettings,
    local: Arc<Local>,
    links: Option<Handle>,
    remote: Mutex<HashMap<HostName, Reached>>,
}

/// A host with the target that it is reached by.
struct Reached {
    target: String,
    host: Arc<dyn Host>,
}

impl Fleet {
    /// A fleet whose local host answers with `calls`, and whose links to agents are waited for by `links`, if that
    /// is given.
    pub fn new(ssh: &Ssh, paths: &Paths, env: &Env, calls: SharedCalls, links: Option<Handle>) -> Self {
        let local = Arc::new(Local::new(env.clone(), calls));
        let (env, paths, ssh) = (env.clone(), paths.clone(), SshSettings::new(ssh, env));
        Self(Arc::new(Inner { env, paths, ssh, local, links, remote: Mutex::default() }))
    }

    /// The words that open a terminal on a host behind ssh, with the user's settings; what is to be
    /// run there follows as one more word.
    ///
    /// # Errors
    /// When the configuration cannot be written.
    pub fn terminal(&self, host: &host::Host) -> Result<Vec<String>> {
        let Inner { env, paths, ssh, .. } = &*self.0;
        Master::new(host.name.clone(), &host.target, ssh.clone(), env.clone(), paths).terminal()
    }

    /// Connects to a host with a person at this terminal: password, second factor and host key are asked
    /// for there, once, and the connection stays warm for everybody. Says whether there was none yet.
    ///
    /// # Errors
    /// `unreachable` when the person was not let in.
    pub async fn login(&self, host: &host::Host) -> Result<bool> {
        let Inner { env, paths, ssh, .. } = &*self.0;
        let master = Master::new(host.name.clone(), &host.target, ssh.clone(), env.clone(), paths);
        ssh::Ssh::new(master).login().await
    }

    /// A host, by its definition. The same object is given out again while the definition stays.
    pub fn host(&self, host: &host::Host) -> Arc<dyn Host> {
        if host.name.is_local() {
            return self.0.local.clone();
        }
        let mut remote = self.0.remote.lock().unwrap_or_else(PoisonError::into_inner);
        match remote.get(&host.name) {
            Some(known) if known.target == host.target => known.host.clone(),
            _ => {
                let Inner { env, paths, ssh: settings, links, .. } = &*self.0;
                let master =
                    Master::new(host.name.clone(), &host.target, settings.clone(), env.clone(), paths);
                let ssh = ssh::Ssh::new(master);
                let open: Arc<dyn Host> = Arc::new(Remote::new(host.name.clone(), ssh, links.clone()));
                let reached = Reached { target: host.target.clone(), host: open.clone() };
                remote.insert(host.name.clone(), reached);
                open
            }
        }
    }
}
