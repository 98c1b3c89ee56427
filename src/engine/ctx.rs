//! What a command may use.

use std::sync::Arc;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::local::Shared;
use super::{Call, Done, Emit, Options, Origin};
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::fleet::{Fleet, Host};
use crate::model::HostName;
use crate::store::Store;
use crate::sys::{Clock, Env, Paths};

/// Everything that a command may use. Cheap to clone.
#[derive(Clone)]
pub struct Ctx {
    /// What sf remembers.
    pub store: Store,
    /// The folders of this home.
    pub paths: Paths,
    /// The environment.
    pub env: Env,
    /// The clock.
    pub clock: Clock,
    /// The settings.
    pub settings: Arc<Settings>,
    /// The machines.
    pub fleet: Fleet,
    /// The command's mouth.
    pub emit: Emit,
    /// Raised when the user interrupts; the run is dropped soon after.
    pub cancel: CancellationToken,
    /// The engine's options for this call.
    pub options: Options,
    /// The door that the call came through.
    pub origin: Origin,
    pub(super) shared: Arc<Shared>,
}

impl Ctx {
    /// A host by name, ready to be asked.
    ///
    /// # Errors
    /// `not_found` with the known names; `config` when the ssh settings are broken.
    pub async fn host(&self, name: &HostName) -> Result<Arc<dyn Host>> {
        let host = self.store.host(name).await?;
        if !host.name.is_local() {
            self.check_ssh()?;
        }
        Ok(self.fleet.host(&host))
    }

    /// Refuses to go over a link while the ssh settings are broken.
    ///
    /// # Errors
    /// `config` with file and key.
    pub fn check_ssh(&self) -> Result<()> {
        self.shared.fatal.clone().map_or(Ok(()), Err)
    }

    /// Runs another command as a part of this one: same consent, deadline, cancel and mouth.
    ///
    /// # Errors
    /// Those of the command.
    pub async fn call(&self, id: &'static str, args: Value) -> Result<Done<Value>> {
        let Value::Object(args) = args else {
            return Err(Error::internal(format!("arguments of `{id}` are no object")));
        };
        let call =
            Call { id, args, options: self.options.clone(), origin: Origin::Command, line: id.to_owned() };
        let runnable = self.shared.decode(&call)?;
        runnable.run(Self { origin: Origin::Command, ..self.clone() }).await
    }

    /// The same in another home, for a command that works in one of its own (`demo`): built-in
    /// settings, nothing of this home.
    pub fn elsewhere(&self, paths: Paths, env: Env) -> Self {
        let settings = Settings::built_in();
        let parts = super::Parts {
            catalog: self.shared.catalog,
            paths,
            env,
            clock: self.clock,
            settings,
            fatal: None,
            links: None,
        };
        super::Engine::new(parts).context(
            self.options.clone(),
            self.origin,
            self.emit.clone(),
            self.cancel.clone(),
        )
    }

    /// Tells the cockpit that something it shows has changed. (Changes that went through the store
    /// are noticed anyway.)
    pub fn changed(&self) {
        self.shared.hub.poke();
    }
}
