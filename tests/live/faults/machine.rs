//! The machine: its folders, its disk, its terminals.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use session_forge::error::Code;
use session_forge::live::serve::Side;
use session_forge::model::live::LiveState;
use session_forge::sys::proc::blocking_command;
use session_forge::sys::{Clock, Paths};

use super::alive;
use crate::support::live::{Home, SF, spec, until};

#[tokio::test]
async fn a_path_that_is_too_long_is_said_before_anything_starts() {
    let home = Home::new();
    let deep = home.path().join("d".repeat(60)).join("e".repeat(60));
    std::fs::create_dir_all(&deep).expect("made");
    let env = home.env().with("SF_HOME", &deep);
    let paths = Paths::resolve(&env, None).expect("resolved");
    let side = Side::new(&paths, env, Clock::System).with_program(SF);
    // The sockets lie in a short folder of ours instead.
    let live = side.start(spec(&["cat"])).await.expect("started");
    assert!(paths.run_dir().as_os_str().len() < 100, "{}", paths.run_dir().display());
    side.stop(&live.id, session_forge::wire::holder::Stop { force: true }).await.expect("stopped");
}

#[tokio::test]
async fn a_socket_folder_that_others_may_write_is_refused_or_mended() {
    let home = Home::new();
    std::fs::create_dir_all(home.run()).expect("made");
    std::fs::set_permissions(home.run(), std::fs::Permissions::from_mode(0o777)).expect("loosened");
    let started = home.side.start(spec(&["cat"])).await;
    let mode = std::fs::metadata(home.run()).expect("there").permissions().mode() & 0o777;
    assert!(started.is_err() || mode == 0o700, "{mode:o}");
    if rustix::process::getuid().is_root() {
        let home = Home::new();
        std::fs::create_dir_all(home.run()).expect("made");
        std::os::unix::fs::chown(home.run(), Some(12345), Some(12345)).expect("given away");
        let refused = home.side.start(spec(&["cat"])).await.expect_err("another's folder");
        assert_eq!(refused.code.as_str(), "refused", "{refused:?}");
    }
}

/// A file system of its own on a folder; it goes with this.
struct Disk(PathBuf);

impl Disk {
    fn new(folder: &Path, options: &str) -> Self {
        std::fs::create_dir_all(folder).expect("made");
        let mounted =
            blocking_command("mount").args(["-t", "tmpfs", "-o", options, "none"]).arg(folder).status();
        assert!(mounted.expect("mount runs").success(), "needs root");
        Self(folder.to_owned())
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.0.join("filler")).expect("made");
        while std::io::Write::write_all(&mut file, &[0; 4096]).is_ok() {}
    }

    fn empty(&self) {
        std::fs::remove_file(self.0.join("filler")).expect("there");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a holder may still stand in it.
        let _ = blocking_command("umount").arg("-l").arg(&self.0).status();
    }
}

/// The host side of a home whose holders are started by a script.
fn started_by(home: &Home, script: &str) -> Side {
    let program = home.path().join("poor");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("ours");
    let paths = Paths::resolve(&home.env(), None).expect("resolved");
    Side::new(&paths, home.env(), Clock::System).with_program(&program)
}

#[tokio::test]
async fn a_disk_that_is_full_stops_nothing_that_runs() {
    let home = Home::new();
    let disk = Disk::new(&home.path().join("sf"), "size=1m,mode=700");
    let [runs, ends] = [home.sh("while read x; do echo got $x; done").await, home.sh("read x; exit 4").await];
    disk.fill();
    // What runs goes on; nothing new begins, and says why.
    home.enter(&runs, "full").await;
    home.wait(&runs, "got full").await.expect("it answers");
    let refused = home.side.start(spec(&["cat"])).await.expect_err("no room for its record");
    assert!(refused.message.contains("space"), "{refused:?}");
    assert_eq!(home.side.list().await.expect("listed").len(), 2, "nothing is left of it");
    // How one ended cannot be written down: it is lost, not one that runs for ever.
    home.enter(&ends, "").await;
    until("its end", || !home.record(&ends).held());
    assert_eq!(home.row(&ends).await.state, LiveState::Lost);
    disk.empty();
    alive(&home, &runs).await;
    home.kill(&runs).await;
    assert_eq!(home.row(&runs).await.state, LiveState::Exited);
    // The disk goes first, and the records with it.
    home.end();
}

#[tokio::test]
async fn a_machine_without_another_terminal_says_so() {
    let home = Home::new();
    // The same machine, but for a folder of terminals in which there is no room.
    let mount = "mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,max=1 devpts /dev/pts";
    let taken = "exec 3<>/dev/ptmx; sleep 10 </dev/null >/dev/null 2>&1 &";
    let side =
        started_by(&home, &format!("exec unshare -m sh -c '{mount} && {taken} exec {SF} \"$@\"' sf \"$@\""));
    let refused = side.start(spec(&["cat"])).await.expect_err("no terminal");
    assert_eq!(refused.code, Code::Tool, "{refused:?}");
    assert!(refused.message.contains("terminal"), "{refused:?}");
    assert!(home.side.list().await.expect("listed").is_empty(), "nothing is left of it");
    let id = home.start(&["cat"]).await;
    alive(&home, &id).await;
}

#[tokio::test]
async fn a_process_that_may_open_nothing_more_says_so() {
    let home = Home::new();
    let side = started_by(&home, &format!("ulimit -n 8; exec {SF} \"$@\""));
    let refused = side.start(spec(&["cat"])).await.expect_err("no descriptors");
    assert!(refused.message.contains("open files"), "{refused:?}");
    assert!(home.side.list().await.expect("listed").is_empty(), "nothing is left of it");
    let id = home.start(&["cat"]).await;
    alive(&home, &id).await;
}
