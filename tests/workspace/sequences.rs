//! Any sequence of work, removal, kills and rewritten remotes leaves every commit and every file
//! somewhere: in a branch, in a worktree or in the trash, and everything in the trash comes back.
//!
//! `SF_SLOW=1` tries a hundred sequences, `SF_SEED=n` one of them. Every fourth works on a real sshd host.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use session_forge::sys::proc;

use crate::support::git::{Upstream, git};
use crate::support::sshd::{Net, Sshd, end_masters};
use crate::support::{Said, Sandbox, wait_for};

const FEATURES: [&str; 2] = ["pay", "ship"];
const REPOS: [&str; 2] = ["core", "web"];

/// What a person, a remote or an accident may do.
const ACTIONS: &str = "commit commit amend new secret stage stash reset detach-head back branch push rewrite overwrite \
     delete vanish sync sync destroy detach restore uproot refused race kill kill kill";

/// The remotes, and the host whose worktrees are worked in.
struct Place {
    sandbox: Sandbox,
    ups: Vec<Upstream>,
    far: Option<(Net, Sshd)>,
    dice: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        end_masters(&self.sandbox.sf_home().join("run"));
    }
}

/// A feature's worktree of a repository.
#[derive(Clone, Copy)]
struct At {
    feature: usize,
    repo: usize,
}

impl At {
    fn branch(self) -> String {
        format!("feat/{}", FEATURES[self.feature])
    }
}

impl Place {
    fn new(seed: u64) -> Self {
        let sandbox = Sandbox::new();
        let far = (seed % 4 == 3).then(|| {
            let net = Net::new();
            let sshd = net.host("h");
            let config = net.config_file().display().to_string();
            let _ = sandbox.json(&["config", "set", "ssh.config_file", &config]);
            let _ = sandbox.json(&["host", "add", "h", "h"]);
            (net, sshd)
        });
        let ups: Vec<Upstream> =
            REPOS.iter().map(|name| Upstream::new(&sandbox.path().join("up"), name)).collect();
        for up in &ups {
            fs::write(up.work.join(".gitignore"), "*.secret\n").expect("written");
            git(&up.work, &["add", ".gitignore"]);
            up.push("kept", "1", "main");
        }
        Self { sandbox, ups, far, dice: seed.wrapping_mul(7919).wrapping_add(17) }
    }

    fn dice(&mut self, sides: usize) -> usize {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.dice >> 33) as usize) % sides
    }

    fn host(&self) -> &'static str {
        if self.far.is_some() { "h" } else { "local" }
    }

    fn home(&self) -> PathBuf {
        self.far.as_ref().map_or_else(|| self.sandbox.home(), |(_, sshd)| sshd.home.clone())
    }

    fn trash(&self) -> PathBuf {
        self.far
            .as_ref()
            .map_or_else(|| self.sandbox.sf_home(), |(_, sshd)| sshd.home.join("sf"))
            .join("trash")
    }

    fn tree(&self, at: At) -> PathBuf {
        self.home().join("features").join(FEATURES[at.feature]).join(REPOS[at.repo])
    }

    fn sf(&self, line: &str) -> Said {
        let words: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        self.sandbox.sf(&words)
    }

    /// Makes the feature, its attachment and the repository known, whatever was forgotten.
    fn wanted(&self, at: At) {
        let (feature, repo) = (FEATURES[at.feature], REPOS[at.repo]);
        let url = self.ups[at.repo].url();
        for line in [
            format!("repo add {repo} {url} --base main"),
            format!("feature new {feature}"),
            format!("attach {feature} {repo} --hosts {}", self.host()),
        ] {
            assert_eq!(self.sf(&line).status, 0, "{line}");
        }
    }

    /// Starts `sf` and kills it at a random moment: alone, with what it started, or with its link.
    fn kill(&mut self, line: &str) {
        let (pause, how) = (self.dice(600) as u64, self.dice(3));
        let words: Vec<&str> = line.split(' ').collect();
        let mut sf = self.sandbox.sf_command(&words);
        let mut child = sf.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
        // A random moment is what is wanted here: nothing is waited for.
        let (_quiet, moment) = std::sync::mpsc::sync_channel::<()>(0);
        let _ = moment.recv_timeout(Duration::from_millis(pause));
        match (how, &self.far) {
            (0, _) => {}
            (_, Some((_, sshd))) => sshd.cut(),
            (_, None) => kill_below(child.id()),
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Kills everything that a process has started, itself last.
fn kill_below(pid: u32) {
    // Stopped first, so that nobody starts another meanwhile.
    let mut all = vec![pid];
    let mut at = 0;
    while let Some(pid) = all.get(at).copied() {
        // One that has ended needs nothing.
        let _ = proc::kill(pid, Signal::STOP);
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().filter_map(Result::ok);
        for task in tasks {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            all.extend(children.split_ascii_whitespace().filter_map(|word| word.parse::<u32>().ok()));
        }
        at += 1;
    }
    for pid in all.into_iter().rev() {
        let _ = proc::kill(pid, Signal::KILL);
    }
}

/// What was made, and must be found for ever.
#[derive(Default)]
struct Made {
    tokens: BTreeSet<String>,
    oids: BTreeSet<String>,
    done: Vec<String>,
}

/// Does something, and notes what that made.
fn step(place: &mut Place, n: usize, made: &mut Made) {
    let at = At { feature: place.dice(2), repo: place.dice(2) };
    let actions: Vec<&str> = ACTIONS.split(' ').collect();
    let action = actions[place.dice(actions.len())];
    let (feature, repo) = (FEATURES[at.feature], REPOS[at.repo]);
    let tree = place.tree(at);
    let there =
        tree.join(".git").exists() && git_says(&tree, &["rev-parse", "--verify", "-q", "HEAD"]).is_some();
    let mut told = format!("{action} {feature}/{repo}");
    match action {
        "commit" | "amend" | "new" | "secret" | "stage" | "stash" | "reset" | "detach-head" | "back"
        | "push" | "vanish" => {
            if there {
                work(place, at, action, n, made)
            } else {
                told.push_str(" (not there)")
            }
        }
        "rewrite" => place.ups[at.repo].rewrite(),
        // Somebody else pushes something else over what was pushed.
        "overwrite" => {
            let up = &place.ups[at.repo];
            git(&up.work, &["push", "-q", "--force", "origin", &format!("HEAD:refs/heads/{}", at.branch())]);
        }
        "delete" => {
            let _ = git_says(
                &place.ups[at.repo].bare,
                &["update-ref", "-d", &format!("refs/heads/{}", at.branch())],
            );
        }
        "sync" => {
            place.wanted(at);
            let said = place.sf(&format!("sync {feature}"));
            assert!([0, 1, 4].contains(&said.status), "{said:?}");
        }
        "destroy" => drop(place.sf(&format!("feature destroy {feature} --force --yes"))),
        "refused" => drop(place.sf(&format!("feature destroy {feature} --yes"))),
        "detach" => drop(place.sf(&format!("detach {feature} {repo} --force --yes"))),
        "restore" => drop(place.sf(&format!("feature restore {feature}"))),
        "uproot" => drop(place.sf(&format!("repo remove {repo} --force --yes"))),
        // Two at once, of which neither knows of the other.
        "race" => {
            place.wanted(at);
            let mut sf = place.sandbox.sf_command(&["sync", feature]);
            let mut child = sf.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
            let _ = place.sf(&format!("detach {feature} {repo} --force --yes"));
            let _ = child.wait();
        }
        _ => {
            place.wanted(at);
            let what = [
                format!("sync {feature}"),
                format!("feature destroy {feature} --force --yes"),
                format!("feature restore {feature}"),
                format!("detach {feature} {repo} --force --yes"),
                format!("repo remove {repo} --force --yes"),
            ][place.dice(5)]
            .clone();
            place.kill(&what);
            told.push_str(&format!(": {what}"));
        }
    }
    made.done.push(told);
}

/// What is done in a worktree that is there.
fn work(place: &Place, at: At, action: &str, n: usize, made: &mut Made) {
    let tree = place.tree(at);
    let token = format!("token-{n}-{:x}", place.dice);
    let mut write = |name: &str| {
        fs::write(tree.join(name), &token).expect("written");
        let _ = made.tokens.insert(token.clone());
    };
    match action {
        "new" => write(&format!("new {n}")),
        "secret" => write(&format!("x{n}.secret")),
        "stage" => {
            let name = format!("staged-{n}");
            write(&name);
            git(&tree, &["add", &name]);
        }
        "commit" | "amend" => {
            let name = format!("file-{n}");
            write(&name);
            git(&tree, &["add", &name]);
            let amend: &[&str] = if action == "amend" { &["--amend"] } else { &[] };
            git(&tree, &[&["commit", "-q", "-m", &token], amend].concat());
        }
        "stash" => {
            write(&format!("stashed-{n}"));
            git(&tree, &["stash", "-q", "-u"]);
        }
        "push" => {
            let to = format!("HEAD:refs/heads/{}", at.branch());
            git(&tree, &["push", "-q", "--force", "origin", &to]);
        }
        "branch" => drop(git_says(&tree, &["checkout", "-q", "-b", &format!("other-{n}")])),
        "detach-head" => drop(git_says(&tree, &["checkout", "-q", "--detach"])),
        "back" => drop(git_says(&tree, &["checkout", "-q", &at.branch()])),
        // These throw something away that is in no commit. That is the person's own doing; nothing else is.
        _ => {
            let before = found(place);
            if action == "reset" {
                let _ = git_says(&tree, &["reset", "-q", "--hard", "HEAD~1"]);
            } else {
                fs::remove_dir_all(&tree).expect("removed");
            }
            let after = found(place);
            made.tokens.retain(|token| after.contains(token) || !before.contains(token));
        }
    }
}

/// What git says, if it does what it is asked.
fn git_says(dir: &Path, args: &[&str]) -> Option<String> {
    let said = proc::blocking_command("git")
        .arg("-C")
        .arg(dir)
        .args(args)
        .envs(crate::support::git::SEALED)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .output()
        .expect("git runs");
    said.status.success().then(|| String::from_utf8(said.stdout).expect("UTF-8").trim().to_owned())
}

/// Every clone: those in use, and those in the trash.
const CLONES: &str = "for a in $HOME_/repo-cache/*.anchor $TRASH/*/anchor; do [ ! -d $a ] || (cd $a; GIT_DIR=$a; export GIT_DIR; ";

/// Every commit that the clones hold, but those that keep the trash together.
fn commits(place: &Place) -> BTreeSet<String> {
    let script = format!(
        "{CLONES} git cat-file --batch-all-objects --batch-check='%(objecttype) %(objectname)' |
           sed -n 's/^commit //p' | git log --stdin --no-walk --format='%H %an' | sed '/ sf$/d; s/ .*//'); done"
    );
    shell(place, &script)
}

/// Everything that can still be found: files of worktrees and of the trash, and all that refs, reflogs,
/// heads and indexes of clones reach.
fn found(place: &Place) -> BTreeSet<String> {
    let script = format!(
        "[ ! -d $HOME_/features ] || grep -rhoaE 'token-[0-9]+-[0-9a-f]+' $HOME_/features --exclude-dir=.git --exclude-dir='.*~*' || true
         for t in $TRASH/*/files.tar.gz; do [ ! -e $t ] || tar -xzOf $t | grep -oaE 'token-[0-9]+-[0-9a-f]+' || true; done
         {CLONES} git rev-list --objects --all --reflog --indexed-objects | cut -d' ' -f1 | sort -u |
           git cat-file --batch | grep -aoE '^[0-9a-f]{{40}} commit|token-[0-9]+-[0-9a-f]+' | sed 's/ .*//'); done"
    );
    shell(place, &script)
}

fn shell(place: &Place, script: &str) -> BTreeSet<String> {
    let head = format!("HOME_={} TRASH={}\n", place.home().display(), place.trash().display());
    place.sandbox.sh(&format!("{head}{script}")).lines().map(str::to_owned).collect()
}

fn check(seed: u64, when: &str, place: &Place, made: &Made) {
    let found = found(place);
    for wanted in made.tokens.iter().chain(&made.oids) {
        assert!(found.contains(wanted), "seed {seed}: {wanted} is lost {when}: {:#?}", made.done);
    }
}

/// Does it until it is done: a lock that was left without a name is respected for a minute.
fn at_last(place: &Place, line: &str) {
    let said = wait_for(line, || {
        let said = place.sf(line);
        (said.status != 4 || !said.stdout.contains("\"conflict\"")).then_some(said)
    });
    assert!([0, 1].contains(&said.status), "{line}: {said:?}");
}

fn sequence(seed: u64) {
    let mut place = Place::new(seed);
    let mut made = Made::default();
    for at in [At { feature: 0, repo: 0 }, At { feature: 0, repo: 1 }, At { feature: 1, repo: 0 }] {
        place.wanted(at);
    }
    assert_eq!(place.sf("sync --all").status, 0);
    for n in 0..30 {
        step(&mut place, n, &mut made);
        made.oids.extend(commits(&place));
    }
    check(seed, "as it stands", &place, &made);
    // Whatever was killed has ended: this waits for its lock.
    for feature in FEATURES {
        at_last(&place, &format!("feature destroy {feature} --force --yes"));
    }
    let left = shell(&place, "for w in $HOME_/features/*/*; do [ ! -e $w ] || echo $w; done");
    assert_eq!(left, BTreeSet::new(), "seed {seed}: nothing wants them: {:#?}", made.done);
    check(seed, "after everything was destroyed", &place, &made);
    shell(&place, &format!("{CLONES} git gc -q --prune=now); done"));
    check(seed, "after git has collected", &place, &made);
    for feature in FEATURES {
        let said = place.sf(&format!("feature restore {feature}"));
        assert!(
            said.status == 0 || said.stdout.contains("not_found"),
            "seed {seed}: {feature} does not come back: {said:?} {:#?}",
            made.done
        );
    }
    check(seed, "after everything was brought back", &place, &made);
}

#[test]
fn no_sequence_loses_anything() {
    #[expect(clippy::disallowed_methods, reason = "tests are not sealed against their own switches")]
    let (slow, one) = (std::env::var_os("SF_SLOW").is_some(), std::env::var("SF_SEED").ok());
    if let Some(seed) = one {
        return sequence(seed.parse().expect("SF_SEED is a number"));
    }
    for seed in 0..if slow { 100 } else { 4 } {
        sequence(seed);
    }
}
