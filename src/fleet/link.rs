//! temporary
use std::sync::Arc;

use super::{Calls, Host, SharedCalls};
use crate::config::settings::Ssh;
use crate::sys::{Env, Paths};

/// The machines.
#[derive(Clone)]
pub struct Fleet(#[expect(dead_code)] SharedCalls);

impl Fleet {
    /// Temporary.
    pub fn new(_ssh: &Ssh, _paths: &Paths, _env: &Env, calls: Arc<dyn Calls>) -> Self {
        Self(calls)
    }

    /// Temporary.
    #[expect(clippy::todo)]
    pub fn host(&self, _host: &crate::model::host::Host) -> Arc<dyn Host> {
        todo!()
    }
}
