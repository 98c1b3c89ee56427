//! The main job from end to end, as a script does it: two hosts (this machine and a real sshd), two
//! repositories, a feature, live sessions, transcripts.

mod batch;
mod cockpit;
mod survival;

use std::path::PathBuf;

use crate::support::Sandbox;
use crate::support::sshd::{Net, Sshd};

/// A sandbox that knows a real ssh host called `gpu`, and two repositories to clone.
pub struct Fleet {
    pub place: Sandbox,
    #[expect(dead_code, reason = "its folder holds the keys")]
    net: Net,
    pub gpu: Sshd,
    pub core: String,
    pub web: String,
}

impl Fleet {
    pub fn new() -> Self {
        let place = Sandbox::new();
        let net = Net::new();
        let gpu = net.host("gpu");
        let config = net.config_file();
        let _ = place.json(&["config", "set", "ssh.config_file", config.to_str().expect("text")]);
        let (core, web) = (place.bare_repo("core"), place.bare_repo("web"));
        Self { place, net, gpu, core, web }
    }

    /// A store of Claude Code with one conversation in the sandbox's home.
    pub fn conversation(&self) {
        let from = crate::house::root().join("tests/fixtures/tools/claude-code/tools-git/home");
        self.place.sh(&format!("cp -r {}/. {}", from.display(), self.place.home().display()));
    }

    /// A worktree on the ssh host.
    pub fn remote(&self, path: &str) -> PathBuf {
        self.gpu.home.join(path)
    }

    /// Everything up to the worktrees, as batch lines.
    pub fn workspace(&self) -> String {
        format!(
            "host add gpu gpu\n\
             repo add core {} --base main\n\
             repo add web {} --base main\n\
             feature new payments\n\
             attach payments core --hosts local,gpu\n\
             attach payments web --hosts local,gpu\n\
             bootstrap --hosts gpu --yes\n\
             sync payments\n",
            self.core, self.web
        )
    }
}

impl Drop for Fleet {
    /// Sessions on the ssh host end before the host does.
    fn drop(&mut self) {
        let listed = self.place.sf(&["session", "list", "--hosts", "gpu", "--json"]);
        let rows: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap_or_default();
        for row in rows.as_array().into_iter().flatten().filter(|r| r["state"] != "exited") {
            if let Some(id) = row["id"].as_str() {
                let _ = self.place.sf(&["session", "stop", id, "--force"]);
            }
        }
    }
}
