//! The machine itself: its disk, its folders, its clock, its git.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use session_forge::sys::proc::blocking_command;

use super::Four;
use crate::support::git::{commit, git};

/// A file system of its own on a folder; it goes with this.
struct Disk(PathBuf);

impl Disk {
    fn new(folder: &Path, options: &str) -> Self {
        fs::create_dir_all(folder).expect("made");
        mount(&["-t", "tmpfs", "-o", options, "none"], folder);
        Self(folder.to_owned())
    }

    fn again(&self, options: &str) {
        mount(&["-o", &format!("remount,{options}")], &self.0);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: something of the host may still stand in it.
        let _ = blocking_command("umount").arg("-l").arg(&self.0).status();
    }
}

fn mount(words: &[&str], folder: &Path) {
    assert!(
        blocking_command("mount").args(words).arg(folder).status().expect("mount runs").success(),
        "{words:?}"
    );
}

/// Gives the last host another root.
fn rooted(four: &Four, root: &Path) {
    let _ = four.place.json(&["detach", "pay", "core", "--hosts", "d", "--yes"]);
    let _ = four.place.json(&["host", "remove", "d", "--yes"]);
    let _ = four.place.json(&["host", "add", "d", "d", "--root", root.to_str().expect("text")]);
    let _ = four.place.json(&["attach", "pay", "core", "--hosts", "d"]);
}

fn all_there(four: &Four, root: &Path) {
    let report = four.sync(&[]);
    assert_eq!(report.status, 0, "it heals: {}", report.answer);
    assert!(root.join("features/pay/core/README").exists());
    assert_eq!(four.sync(&[]).row("d")["worktree"], "unchanged");
}

#[test]
fn a_disk_that_is_full() {
    let four = Four::new();
    four.up.push("large", &"0123456789abcdef".repeat(1 << 14), "main");
    let root = four.last().home.join("work");
    let disk = Disk::new(&root, "size=96k");
    rooted(&four, &root);
    four.sync(&[]).only_last(1, "tool", "No space left");
    assert!(!root.join("repo-cache/core.anchor").exists(), "no half of a clone");
    disk.again("size=64m");
    all_there(&four, &root);
}

#[test]
fn a_disk_that_is_full_leaves_work_alone() {
    let four = Four::new();
    let root = four.last().home.join("work");
    let disk = Disk::new(&root, "size=64m");
    rooted(&four, &root);
    all_there(&four, &root);
    let tree = root.join("features/pay/core");
    fs::write(tree.join("draft"), "mine").expect("written");
    let before = super::hash(&tree);
    let used = blocking_command("du")
        .args(["-sk"])
        .arg(&root)
        .stdout(std::process::Stdio::piped())
        .output()
        .expect("du runs");
    let used: u64 = String::from_utf8_lossy(&used.stdout)
        .split_whitespace()
        .next()
        .expect("a number")
        .parse()
        .expect("a number");
    disk.again(&format!("size={used}k"));
    four.up.push("large", &"0123456789abcdef".repeat(1 << 14), "main");
    four.sync(&[]).only_last(1, "tool", "No space left");
    assert_eq!(super::hash(&tree), before);
    disk.again("size=64m");
    let report = four.sync(&[]);
    assert_eq!(report.status, 0, "it heals: {}", report.answer);
    assert_eq!((report.row("d")["behind"].as_u64(), report.row("d")["dirty"].as_u64()), (Some(1), Some(1)));
}

#[test]
fn a_home_that_is_read_only() {
    let four = Four::new();
    let root = four.last().home.join("work");
    let disk = Disk::new(&root, "size=64m");
    rooted(&four, &root);
    disk.again("ro");
    let report = four.sync(&[]);
    report.only_last(1, "tool", "Read-only file system");
    disk.again("rw");
    all_there(&four, &root);
}

#[test]
fn a_host_without_a_temporary_folder() {
    let four = Four::new();
    let tmp = four.last().home.join("tmp");
    fs::remove_dir_all(&tmp).expect("removed");
    four.sync(&[]).only_last(1, "tool", "mktemp");
    fs::create_dir(&tmp).expect("made");
    four.heals();
}

#[test]
fn a_host_without_git() {
    let four = Four::new();
    four.last().program("git", "echo 'git: not found' >&2; exit 127");
    four.sync(&[]).only_last(1, "tool", "no git on that host");
    fs::remove_file(four.last().home.join("bin/git")).expect("removed");
    four.heals();
}

#[test]
fn a_git_that_is_older_than_we_can_use() {
    let four = Four::new();
    four.last().program(
        "git",
        "[ \"$1\" = --version ] && echo 'git version 2.24.4' && exit\nexec /usr/bin/git \"$@\"",
    );
    let report = four.sync(&[]);
    report.only_last(1, "unsupported", "git 2.24.4 on that host is too old");
    assert!(!four.last().home.join("repo-cache").exists(), "nothing was begun");
    fs::remove_file(four.last().home.join("bin/git")).expect("removed");
    four.heals();
}

#[test]
fn clocks_that_differ() {
    let four = Four::new();
    four.heals();
    // Everything on that host is of tomorrow, and so is a lock that somebody left there.
    let tomorrow = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    let tree = four.tree(3);
    commit(&tree, "mine", "1");
    fs::write(tree.join("draft"), "kept").expect("written");
    for name in ["README", "mine", "draft"] {
        fs::File::options()
            .append(true)
            .open(tree.join(name))
            .expect("there")
            .set_modified(tomorrow)
            .expect("set");
    }
    let lock = four.last().home.join("repo-cache/core.lock");
    fs::create_dir(&lock).expect("made");
    fs::write(lock.join("owner"), "1 another-boot another-machine\n").expect("written");
    fs::File::open(&lock).expect("there").set_modified(tomorrow).expect("set");
    // Nobody waits half a minute in a test.
    four.last().program("sleep", "exit 0");
    four.sync(&[]).only_last(1, "conflict", "works on this repository");
    fs::remove_dir_all(&lock).expect("removed");
    assert_eq!(four.sync(&[]).row("d")["dirty"], 1);
    let _ = four.place.json(&["feature", "destroy", "pay", "--force", "--yes"]);
    let _ = four.place.json(&["feature", "restore", "pay"]);
    assert_eq!(fs::read_to_string(tree.join("draft")).expect("back"), "kept");
    assert_eq!(git(&tree, &["log", "-1", "--format=%s"]), "change mine");
}

#[test]
fn folders_that_lead_elsewhere_are_not_written_through() {
    let four = Four::new();
    let home = &four.last().home;
    let outside = home.join("outside");
    fs::create_dir(&outside).expect("made");
    symlink(&outside, home.join("features")).expect("made");
    four.sync(&[]).only_last(1, "refused", "symbolic link");
    assert_eq!(fs::read_dir(&outside).expect("there").count(), 0, "nothing was written there");
    fs::remove_file(home.join("features")).expect("removed");
    four.heals();
}
