//! Hosts over real sshd processes.

mod capture;
mod commands;
mod link;
mod login;
mod older;
mod password;
mod removal;
mod state;
mod worktrees;

use crate::support::Sandbox;
use crate::support::sshd::{Net, end_masters};

/// A home whose hosts are real; its masters end with it.
pub struct World {
    pub place: Sandbox,
    pub net: Net,
}

impl World {
    pub fn new() -> Self {
        let (place, net) = (Sandbox::new(), Net::new());
        let config = net.config_file().display().to_string();
        let _ = place.json(&["config", "set", "ssh.config_file", &config]);
        let _ = place.json(&["config", "set", "ssh.connect_timeout", "2s"]);
        Self { place, net }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        end_masters(&self.place.sf_home().join("run"));
    }
}
