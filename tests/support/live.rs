//! A home of its own with real holders, all ended when the test ends.

use std::path::{Path, PathBuf};
use std::time::Duration;

use session_forge::error::Result;
use session_forge::live::client::{Attached, Peer, Until};
use session_forge::live::record::{Folder, Record};
use session_forge::live::serve::Side;
use session_forge::model::LiveId;
use session_forge::model::live::{Live, LiveSpec, LiveState};
use session_forge::sys::socket::Socket;
use session_forge::sys::{Clock, Env, Paths, proc, random};
use session_forge::wire::holder::{Attach, Send, Stop};
use tempfile::TempDir;

/// The binary under test.
pub const SF: &str = env!("CARGO_BIN_EXE_sf");

/// Far more than anything here needs on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(60);

/// A home.
pub struct Home {
    dir: TempDir,
    /// Its host side.
    pub side: Side,
}

impl Home {
    /// An empty home.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("sfl").tempdir_in("/tmp").expect("a temporary folder");
        std::fs::create_dir(dir.path().join("home")).expect("made");
        let env = Self::env_of(dir.path());
        let paths = Paths::resolve(&env, None).expect("resolved");
        let side = Side::new(&paths, env, Clock::System).with_program(SF);
        Self { dir, side }
    }

    fn env_of(dir: &Path) -> Env {
        let path = |name: &str| dir.join(name).into_os_string();
        Env::of([
            ("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into()),
            ("HOME".into(), path("home")),
            ("SF_HOME".into(), path("sf")),
            ("SHELL".into(), "/bin/sh".into()),
            ("LANG".into(), "C.UTF-8".into()),
            ("PS1".into(), "$ ".into()),
            ("TMUX".into(), "outer".into()),
            ("SF_TEST_CLOCK".into(), "2026-01-01T00:00:00Z".into()),
        ] as [(std::ffi::OsString, std::ffi::OsString); 8])
    }

    /// Its environment.
    pub fn env(&self) -> Env {
        Self::env_of(self.dir.path())
    }

    /// The folder of everything.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The run folder.
    pub fn run(&self) -> PathBuf {
        self.path().join("sf/run")
    }

    /// What the files say of a session.
    pub fn record(&self, id: &LiveId) -> Record {
        Folder::at(self.run()).read(id).expect("a record")
    }

    /// Starts a session.
    pub async fn start(&self, command: &[&str]) -> LiveId {
        self.side.start(spec(command)).await.expect("started").id
    }

    /// Starts `sh -c SCRIPT`.
    pub async fn sh(&self, script: &str) -> LiveId {
        self.start(&["sh", "-c", script]).await
    }

    /// Attaches.
    pub async fn attach(&self, id: &LiveId, wish: Attach) -> Attached {
        Attached::new(Box::new(self.side.connect(id).await.expect("connected")), wish)
    }

    /// A connection that has said hello.
    pub async fn peer(&self, id: &LiveId) -> Peer<Socket> {
        let mut peer = Peer::new(self.side.connect(id).await.expect("connected"));
        peer.hello().await.expect("hello");
        peer
    }

    /// Waits as `session wait` does.
    pub async fn wait(&self, id: &LiveId, until: &str) -> Result<LiveState> {
        let until: Until = until.parse().expect("something");
        let waited = match self.side.connect(id).await {
            Ok(io) => limit(session_forge::live::client::wait(Box::new(io), &until)).await,
            Err(error) => Err(error),
        };
        // The program may have ended before we came.
        match waited {
            Err(_) if until == Until::Exit && !self.record(id).lives() => Ok(LiveState::Exited),
            waited => waited,
        }
    }

    /// Types text and Enter.
    pub async fn enter(&self, id: &LiveId, text: &str) {
        let send = Send { text: text.into(), enter: true, ..Send::default() };
        self.side.send(id, &send).await.expect("sent");
    }

    /// The row of a session.
    pub async fn row(&self, id: &LiveId) -> Live {
        self.side.show(id).await.expect("known").live
    }

    /// The lines of the screen.
    pub async fn lines(&self, id: &LiveId) -> Vec<String> {
        self.side.screen(id, Default::default()).await.expect("a screen").lines
    }

    /// Ends a session at once.
    pub async fn kill(&self, id: &LiveId) {
        self.side.stop(id, Stop { force: true }).await.expect("stopped");
    }
}

impl Home {
    /// Ends whatever runs here.
    pub fn end(&self) {
        // Our own children of children, by their ids.
        for record in Folder::at(self.run()).all().unwrap_or_default() {
            if record.lives() {
                let _ = proc::kill_group(record.pid, rustix::process::Signal::KILL);
                let _ = proc::kill(record.holder, rustix::process::Signal::KILL);
            }
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.end();
    }
}

/// What `session start` asks for.
pub fn spec(command: &[&str]) -> LiveSpec {
    LiveSpec {
        id: format!("live_{}", random::hex(6).expect("random")).parse().expect("an id"),
        name: None,
        command: command.iter().map(|w| (*w).to_owned()).collect(),
        tool: None,
        workdir: None,
        feature: None,
        repo: None,
        cols: 80,
        rows: 24,
        env: vec![],
        colors: None,
    }
}

/// An attachment of this size.
pub fn sized(cols: u16, rows: u16) -> Attach {
    Attach { cols, rows, ..Attach::default() }
}

/// Fails when something takes far too long.
pub async fn limit<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, work).await.expect("in time")
}

/// Waits until the screen of a client looks as wanted.
pub async fn shows(client: &Attached, what: &str, mut wanted: impl FnMut(&[String]) -> bool) {
    let mut news = client.news();
    let seen = async {
        while !client.screen().with(|screen| wanted(&screen.text())) {
            news.changed().await.expect("attached");
        }
    };
    if tokio::time::timeout(LIMIT, seen).await.is_err() {
        panic!("waited in vain for {what}; the screen: {:?}", client.screen().with(|s| s.text()));
    }
}

/// Waits until a named condition holds.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    super::wait_for(what, || condition().then_some(()));
}
