//! Real sshd processes on loopback ports, each a host of its own: its own key, home folder and
//! sf. Needs root and openssh-server; both are demanded, never skipped.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use rustix::process::Signal;
use session_forge::sys::proc::{self, blocking_command};

use super::netns::Cable;
use super::proxy::Proxy;

const SSHD: &str = "/usr/sbin/sshd";

/// A client's side: its key, and a configuration with an alias for every host.
pub struct Net {
    dir: tempfile::TempDir,
}

impl Net {
    pub fn new() -> Self {
        assert!(Path::new(SSHD).exists(), "{SSHD} is missing: install openssh-server");
        assert_eq!(proc::uid(), 0, "sshd serves other homes only as root");
        let net = Self { dir: tempfile::Builder::new().prefix("sf-net-").tempdir().expect("a folder") };
        net.keygen("id");
        fs::write(net.config_file(), "").expect("written");
        net
    }

    /// What `ssh.config_file` is to name.
    pub fn config_file(&self) -> PathBuf {
        self.dir.path().join("config")
    }

    fn keygen(&self, name: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        let made = blocking_command("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(&path)
            .status()
            .expect("ssh-keygen runs");
        assert!(made.success());
        path
    }

    /// Where the keys of hosts are known.
    pub fn known_hosts(&self) -> PathBuf {
        self.dir.path().join("known_hosts")
    }

    fn alias(&self, name: &str, port: u16) {
        self.alias_with(name, "127.0.0.1", port, "");
    }

    /// An alias for an address, with further lines of its own.
    pub fn alias_with(&self, name: &str, address: &str, port: u16, more: &str) {
        let dir = self.dir.path().display();
        self.configure(&format!(
            "Host {name}\n  HostName {address}\n  Port {port}\n  User root\n  IdentityFile {dir}/id\n  \
             IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile {dir}/known_hosts\n{more}"
        ));
    }

    /// Puts lines at the end of the client's configuration.
    pub fn configure(&self, lines: &str) {
        let mut config = fs::read_to_string(self.config_file()).expect("there");
        config.push_str(lines);
        fs::write(self.config_file(), config).expect("written");
    }

    /// The same host by another name, through a proxy that can delay and cut.
    pub fn through(&self, name: &str, sshd: &Sshd) -> Proxy {
        let proxy = Proxy::new(sshd.port);
        let key = format!("  HostKeyAlias [127.0.0.1]:{}\n", sshd.port);
        self.alias_with(name, "127.0.0.1", proxy.port(), &key);
        proxy
    }

    /// Starts a host that answers to `name`.
    pub fn host(&self, name: &str) -> Sshd {
        self.host_with(name, Setup::default())
    }

    /// Starts a host that is set up otherwise.
    pub fn host_with(&self, name: &str, setup: Setup<'_>) -> Sshd {
        let key = self.keygen(&format!("host-{name}"));
        let home = self.dir.path().join(format!("home-{name}"));
        for below in ["", "tmp", "bin"] {
            fs::create_dir_all(home.join(below)).expect("made");
        }
        let port = free_port();
        let address = setup.cable.map_or(setup.address.unwrap_or("127.0.0.1"), Cable::address);
        let public = fs::read_to_string(key.with_extension("pub")).expect("there");
        let mut known = fs::read_to_string(self.dir.path().join("known_hosts")).unwrap_or_default();
        known.push_str(&format!("[{address}]:{port} {public}"));
        fs::write(self.dir.path().join("known_hosts"), known).expect("written");
        let conf = self.dir.path().join(format!("sshd-{name}.conf"));
        let (dir, home_text) = (self.dir.path().display(), home.display());
        let text = format!(
            "{}ListenAddress {address}\nPort {port}\nHostKey {}\nAuthorizedKeysFile {dir}/id.pub\n\
             PidFile {dir}/{name}.pid\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nMaxStartups 100\nMaxSessions 10\n\
             LogLevel VERBOSE\nPrintMotd no\nPrintLastLog no\nSetEnv HOME={home_text} SF_HOME={home_text}/sf \
             TMPDIR={home_text}/tmp GIT_CONFIG_NOSYSTEM=1 \
             GIT_CONFIG_GLOBAL={home_text}/.gitconfig \
             PATH={home_text}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n",
            setup.config,
            key.display()
        );
        fs::write(&conf, text).expect("written");
        self.alias_with(name, address, port, "");
        let prefix = setup.cable.map(Cable::inside).unwrap_or_default();
        let program = setup.program.map_or_else(|| SSHD.into(), Path::to_owned);
        let mut sshd = Sshd { home, port, conf, program, prefix, said: Arc::default(), child: None };
        sshd.start();
        sshd
    }

    /// A host that refuses connections.
    pub fn closed(&self, name: &str) {
        self.alias(name, free_port());
    }

    /// A host that takes connections and never says a word, as long as the listener lives.
    pub fn silent(&self, name: &str) -> TcpListener {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        self.alias(name, listener.local_addr().expect("bound").port());
        listener
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port()
}

/// How a host is other than usual.
#[derive(Clone, Copy, Default)]
pub struct Setup<'a> {
    /// Lines of its sshd_config; the first of a kind counts, so they win.
    pub config: &'a str,
    /// Where it listens, if not at 127.0.0.1.
    pub address: Option<&'a str>,
    /// The cable behind which it stands.
    pub cable: Option<&'a Cable>,
    /// Another name for sshd's program: PAM asks the service of that name.
    pub program: Option<&'a Path>,
}

/// A host.
pub struct Sshd {
    /// What `$HOME` is there.
    pub home: PathBuf,
    /// Where it listens.
    pub port: u16,
    conf: PathBuf,
    program: PathBuf,
    prefix: Vec<String>,
    said: Arc<Mutex<Vec<String>>>,
    child: Option<Child>,
}

impl Sshd {
    /// Starts it (again, on the same port) and returns once it listens.
    pub fn start(&mut self) {
        // The one folder that sshd cannot be told: it must exist, be root's and be empty.
        fs::create_dir_all("/run/sshd").expect("made");
        fs::set_permissions("/run/sshd", fs::Permissions::from_mode(0o755)).expect("ours");
        let program = self.program.to_str().expect("UTF-8");
        let words: Vec<&str> =
            self.prefix.iter().map(String::as_str).chain([program, "-D", "-e", "-f"]).collect();
        let mut child = blocking_command(words[0])
            .args(&words[1..])
            .arg(&self.conf)
            .stderr(Stdio::piped())
            .spawn()
            .expect("sshd starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let mut said = Vec::new();
        let listens = lines.by_ref().map_while(Result::ok).any(|line| {
            said.push(line);
            said.last().is_some_and(|line| line.contains("Server listening on"))
        });
        assert!(listens, "sshd ended: {said:?}");
        // A full pipe would stop it.
        let kept = self.said.clone();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| kept.lock().expect("whole").push(line));
        });
        self.child = Some(child);
    }

    /// What it has logged since it was made, of the lines that hold a text.
    pub fn logged(&self, text: &str) -> usize {
        self.said.lock().expect("whole").iter().filter(|line| line.contains(text)).count()
    }

    /// A program of this host's own, in front on its `PATH`.
    pub fn program(&self, name: &str, script: &str) {
        let path = self.home.join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("ours");
    }

    /// Stops it in its tracks, with every connection; [`Self::thaw`] lets it go on.
    pub fn freeze(&self) {
        self.signal_all(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal_all(Signal::CONT);
    }

    /// Kills its connections; it listens on.
    pub fn cut(&self) {
        for pid in self.child.iter().flat_map(|child| descendants(child.id())) {
            // One may have ended meanwhile.
            let _ = proc::kill(pid, Signal::KILL);
        }
    }

    fn signal_all(&self, signal: Signal) {
        if let Some(child) = &self.child {
            for pid in [vec![child.id()], descendants(child.id())].concat() {
                // A connection may have ended meanwhile.
                let _ = proc::kill(pid, signal);
            }
        }
    }

    /// Pulls the plug: the listener and every connection.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            for pid in descendants(child.id()) {
                proc::kill(pid, Signal::KILL).expect("ours");
            }
            // Its connections are gone; now itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Sends a signal to the masters that a home has started.
pub fn signal_masters(run_dir: &Path, signal: Signal) {
    for pid in masters(run_dir) {
        proc::kill(pid, signal).expect("ours");
    }
}

/// The processes that serve connections of a listener: sshd's own, not what they started.
fn descendants(pid: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children = children.split_ascii_whitespace().filter_map(|word| word.parse::<u32>().ok());
    children
        .filter(|child| {
            fs::read_to_string(format!("/proc/{child}/comm")).is_ok_and(|c| c.starts_with("sshd"))
        })
        .flat_map(|child| [vec![child], descendants(child)].concat())
        .collect()
}

/// The masters that a home has started and that still live.
pub fn masters(run_dir: &Path) -> Vec<u32> {
    let sockets = fs::read_dir(run_dir).into_iter().flatten().filter_map(Result::ok).map(|e| e.path());
    let sockets = sockets.filter(|p| {
        p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("m-")) && p.extension().is_none()
    });
    sockets
        .filter_map(|socket| {
            let asked = blocking_command("ssh")
                .args(["-O", "check", "-S"])
                .arg(&socket)
                .arg("nobody")
                .stderr(Stdio::piped())
                .output()
                .expect("ssh runs");
            let text = String::from_utf8_lossy(&asked.stderr).into_owned();
            text.split_once("pid=")?.1.split_once(')')?.0.parse().ok()
        })
        .collect()
}

/// Ends the masters that a home has started.
pub fn end_masters(run_dir: &Path) {
    for pid in masters(run_dir) {
        // One that has just ended by itself is no harm.
        let _ = proc::kill(pid, Signal::TERM);
    }
}
