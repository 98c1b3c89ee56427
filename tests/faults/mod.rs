//! What goes wrong, each case by name: four real hosts, one of them (or what it needs) in trouble.
//! Every case shows the error with its code and the exit status, that the other hosts are done, that
//! nothing is lost, and that the next run heals. `docs/faults.md` lists them.

mod calling;
mod links;
mod machine;
mod network;
mod repos;
mod together;
mod ways;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::git::Upstream;
use crate::support::sshd::{Net, Sshd, end_masters};
use crate::support::{Said, Sandbox, wait_for};

/// The hosts; the last one is the one in trouble.
const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Four hosts with a home each, and a feature of one repository that is wanted on all of them.
struct Four {
    place: Sandbox,
    net: Net,
    hosts: Vec<Sshd>,
    up: Upstream,
}

impl Four {
    fn new() -> Self {
        Self::with_last(|net| net.host("d"))
    }

    /// The same with a fourth host of one's own making; it must answer to `d`.
    fn with_last(last: impl FnOnce(&Net) -> Sshd) -> Self {
        let (place, net) = (Sandbox::new(), Net::new());
        let mut hosts: Vec<Sshd> = NAMES[..3].iter().map(|name| net.host(name)).collect();
        hosts.push(last(&net));
        let up = Upstream::new(&place.path().join("up"), "core");
        let four = Self { place, net, hosts, up };
        four.settings(&four.place);
        four.import(&four.place, &json!([{ "name": "core", "url": four.url("core"), "base": "main" }]));
        four
    }

    /// Where a repository beside the first one comes from. (As a URL, so that git packs what it sends.)
    fn url(&self, name: &str) -> String {
        format!("file://{}", self.place.path().join("up").join(format!("{name}.git")).display())
    }

    fn settings(&self, place: &Sandbox) {
        let config = self.net.config_file().display().to_string();
        let _ = place.json(&["config", "set", "ssh.config_file", &config]);
    }

    /// Makes hosts, repositories and the feature known, without asking any host.
    fn import(&self, place: &Sandbox, repos: &Value) {
        let attached: Vec<Value> = repos
            .as_array()
            .expect("a list")
            .iter()
            .map(|repo| json!({ "repo": repo["name"], "hosts": NAMES }))
            .collect();
        let bundle = json!({
            "kind": "session-forge-state", "version": 1, "exported": "2026-01-01T00:00:00.000Z",
            "hosts": NAMES.map(|name| json!({ "name": name, "target": name, "root": null })),
            "repos": repos,
            "features": [{ "name": "pay", "branch": "feat/pay", "base": null, "repos": attached }],
        });
        let file = place.path().join("bundle.json");
        fs::write(&file, bundle.to_string()).expect("written");
        let _ = place.json(&["state", "import", file.to_str().expect("text"), "--replace", "--yes"]);
    }

    /// The host in trouble.
    fn last(&self) -> &Sshd {
        &self.hosts[3]
    }

    fn last_mut(&mut self) -> &mut Sshd {
        &mut self.hosts[3]
    }

    fn tree(&self, host: usize) -> PathBuf {
        self.hosts[host].home.join("features/pay/core")
    }

    fn run_dir(&self) -> PathBuf {
        self.place.sf_home().join("run")
    }

    fn sync(&self, more: &[&str]) -> Report {
        Report::of(self.place.sf(&[&["--json", "sync", "pay"], more].concat()))
    }

    /// A sync that goes on while the test does something to it.
    fn begin(&self, more: &[&str]) -> Child {
        let mut sf = self.place.sf_command(&[&["--json", "sync", "pay"], more].concat());
        sf.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started")
    }

    /// A run without anything in its way: all done, with exit status 0.
    fn heals(&self) {
        let report = self.sync(&[]);
        assert_eq!(report.status, 0, "it heals: {}", report.answer);
        for (name, host) in NAMES.iter().zip(&self.hosts) {
            report.is_done(name);
            assert!(host.home.join("features/pay/core/README").exists(), "{name}");
        }
        let again = self.sync(&[]);
        assert_eq!(again.status, 0, "{}", again.answer);
        assert!(NAMES.iter().all(|name| again.row(name)["worktree"] == "unchanged"), "{}", again.answer);
    }

    /// Makes the fourth host's next pack wait; gives what ends the waiting.
    fn hold_packs(&self) -> Held {
        let home = &self.last().home;
        let (hold, seen) = (home.join("hold"), home.join("packing"));
        fs::write(&hold, "").expect("written");
        self.last().program(
            "pack-hook",
            &format!(
                ": >{}\nwhile [ -e {} ]; do sleep 0.05; done\nexec \"$@\"",
                seen.display(),
                hold.display()
            ),
        );
        let config = format!("[uploadpack]\n\tpackObjectsHook = {}/bin/pack-hook\n", home.display());
        fs::write(home.join(".gitconfig"), config).expect("written");
        Held { hold, seen }
    }
}

impl Drop for Four {
    fn drop(&mut self) {
        end_masters(&self.run_dir());
    }
}

/// A pack that waits until this is dropped.
struct Held {
    hold: PathBuf,
    seen: PathBuf,
}

impl Held {
    /// Waits until it is wanted.
    fn reached(&self) {
        wait_for("a pack to be wanted", || self.seen.exists().then_some(()));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The folder may be gone.
        let _ = fs::remove_file(&self.hold);
    }
}

/// What a sync said.
struct Report {
    status: i32,
    answer: Value,
}

impl Report {
    fn of(said: Said) -> Self {
        Self { status: said.status, answer: said.json() }
    }

    fn ended(child: Child) -> Self {
        Self::of(Said::from(child.wait_with_output().expect("ended")))
    }

    fn host(&self, name: &str) -> &Value {
        let result = if self.answer["result"].is_null() { &self.answer } else { &self.answer["result"] };
        let hosts =
            result["features"][0]["hosts"].as_array().unwrap_or_else(|| panic!("no hosts: {}", self.answer));
        hosts.iter().find(|host| host["host"] == name).unwrap_or_else(|| panic!("no {name}: {}", self.answer))
    }

    /// The row of the only repository of a host.
    fn row(&self, name: &str) -> &Value {
        &self.host(name)["repos"][0]
    }

    /// The error of a host, or of its repository.
    fn error(&self, name: &str) -> &Value {
        let host = self.host(name);
        if host["error"].is_null() { &host["repos"][0]["error"] } else { &host["error"] }
    }

    fn is_done(&self, name: &str) {
        assert_eq!(self.host(name)["ok"], true, "{name}: {}", self.answer);
    }

    /// The fourth host failed with this code and these words, the run with this status, and the other
    /// hosts are done.
    fn only_last(&self, status: i32, code: &str, words: &str) {
        assert_eq!(self.status, status, "{}", self.answer);
        assert_eq!(self.error("d")["code"], code, "{}", self.answer);
        let text = self.error("d").to_string();
        assert!(text.contains(words), "{words:?} in {text}");
        NAMES[..3].iter().for_each(|name| self.is_done(name));
    }
}

/// A checksum over every file, link and folder below a folder, with names and modes.
fn hash(folder: &Path) -> String {
    use std::os::unix::fs::PermissionsExt;
    let (mut sum, mut todo) = (Sha256::new(), vec![folder.to_owned()]);
    while let Some(path) = todo.pop() {
        let meta = fs::symlink_metadata(&path).expect("there");
        sum.update(path.strip_prefix(folder).expect("below").as_os_str().as_encoded_bytes());
        sum.update(meta.permissions().mode().to_le_bytes());
        if meta.is_symlink() {
            sum.update(fs::read_link(&path).expect("a link").as_os_str().as_encoded_bytes());
        } else if meta.is_dir() {
            let mut below: Vec<PathBuf> =
                fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("there").path()).collect();
            below.sort();
            todo.extend(below);
        } else {
            sum.update(fs::read(&path).expect("readable"));
        }
    }
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `docs/faults.md` names every case, and no other.
#[test]
fn the_page_lists_every_case() {
    crate::support::pages::lists_every_case("docs/faults.md", "tests/faults");
}
