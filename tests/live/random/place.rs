//! Where the steps happen: this machine, and a host behind a link that can be cut, slowed and stalled.

use std::path::{Path, PathBuf};

use rustix::process::Signal;
use session_forge::live::serve::Side;
use session_forge::sys::{Clock, Env, Paths, proc};

use crate::fleet::World;
use crate::support::proxy::Proxy;
use crate::support::pty::Terminal;
use crate::support::sshd::{Sshd, signal_masters};
use crate::support::{Said, live};

/// Both machines, and the program that is upgraded.
pub struct Place {
    pub world: World,
    pub sshd: Sshd,
    pub proxy: Proxy,
    /// Sessions of this machine.
    pub near: Side,
    /// Sessions of the host, asked behind the back of the link.
    pub far: Side,
    program: PathBuf,
}

impl Place {
    /// Two machines; the host has the program.
    pub fn new() -> Self {
        let world = World::new();
        let sshd = world.net.host("direct");
        let proxy = world.net.through("gpu-alias", &sshd);
        let program = world.place.path().join("bin/sf");
        std::fs::create_dir_all(program.parent().expect("a folder")).expect("made");
        // By another process: one that is started meanwhile would inherit the open copy, and nothing can be run
        // while somebody has it open.
        let copied = world.place.command("cp").arg(live::SF).arg(&program).status();
        assert!(copied.is_ok_and(|status| status.success()), "{}", program.display());
        let near = side(&world.place.home(), &world.place.sf_home(), &program);
        let far = side(&sshd.home, &sshd.home.join("sf"), &program);
        let place = Self { world, sshd, proxy, near, far, program };
        let _ = place.sf(&["host", "add", "gpu", "gpu-alias"], 0);
        let _ = place.sf(&["bootstrap", "--hosts", "gpu", "--yes"], 0);
        place
    }

    fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = self.world.place.command(&self.program);
        command.args(args);
        command
    }

    /// Runs the program; it must end with that status.
    pub fn sf(&self, args: &[&str], status: i32) -> Said {
        let said = Said::of(self.command(args));
        assert_eq!(said.status, status, "sf {args:?}: {said:?}");
        said
    }

    /// Opens it in a terminal.
    pub fn open(&self, args: &[&str], rows: u16) -> Terminal {
        Terminal::run(&self.command(args), 80, rows)
    }

    /// Another build takes the place of the program, while all that was started from it goes on; the host
    /// gets it if the link is up.
    pub fn upgrade(&self, link: bool) {
        let new = self.program.with_extension("new");
        let mut bytes = std::fs::read(&self.program).expect("read");
        bytes.extend(b"another build\n");
        std::fs::write(&new, bytes).expect("written");
        std::fs::set_permissions(&new, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("ours");
        std::fs::rename(&new, &self.program).expect("replaced");
        if link {
            let _ = self.sf(&["bootstrap", "--hosts", "gpu", "--upgrade", "--yes"], 0);
        }
    }

    /// Kills the host's agents, as the system does when memory is short; how many there were.
    pub fn kill_agents(&self) -> usize {
        let home = format!("SF_HOME={}", self.sshd.home.join("sf").display());
        let agent = |pid: &u32| {
            let read = |name: &str| std::fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
            let has = |bytes: Vec<u8>, word: &str| bytes.split(|b| *b == 0).any(|w| w == word.as_bytes());
            has(read("cmdline"), "agent") && has(read("environ"), &home)
        };
        let all = std::fs::read_dir("/proc").expect("processes").filter_map(Result::ok);
        let agents: Vec<u32> =
            all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(agent).collect();
        for pid in &agents {
            // One may have ended meanwhile.
            let _ = proc::kill(*pid, Signal::KILL);
        }
        agents.len()
    }

    /// Kills what carries the links.
    pub fn kill_masters(&self) {
        signal_masters(&self.world.place.sf_home().join("run"), Signal::KILL);
    }
}

fn side(home: &Path, sf_home: &Path, program: &Path) -> Side {
    let env = Env::of([
        ("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into()),
        ("HOME".into(), home.into()),
        ("SF_HOME".into(), sf_home.into()),
        ("SHELL".into(), "/bin/sh".into()),
        ("LANG".into(), "C.UTF-8".into()),
    ] as [(std::ffi::OsString, std::ffi::OsString); 5]);
    let paths = Paths::resolve(&env, None).expect("resolved");
    Side::new(&paths, env, Clock::System).with_program(program)
}
