//! What a session's screen must look like: an emulator that nobody disturbs, fed the bytes that the
//! program wrote.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use session_forge::live::client::{Peer, Said};
use session_forge::live::record::Folder;
use session_forge::live::screen::Screen;
use session_forge::live::serve::Side;
use session_forge::model::LiveId;
use session_forge::model::live::ScreenText;
use session_forge::sys::proc;
use session_forge::sys::socket::Socket;
use session_forge::wire::holder::{Attach, Kind, ScreenQuery, Send};
use tokio::sync::watch;

use super::dice::Dice;
use crate::support::live::{LIMIT, spec};

/// So many lines above the screen are compared.
pub const HISTORY: usize = 150;
const KEPT: usize = 8 << 20;

/// A session, and what is true of it.
pub struct Truth {
    pub name: String,
    pub id: LiveId,
    pub side: Side,
    run: PathBuf,
    /// The process that holds it.
    holder: u32,
    folder: PathBuf,
    pieces: usize,
    written: Vec<u8>,
    seen: Arc<Mutex<Seen>>,
    news: watch::Receiver<usize>,
    task: tokio::task::JoinHandle<()>,
}

struct Seen {
    screen: Screen,
    bytes: Vec<u8>,
    problem: Option<String>,
}

impl Drop for Truth {
    fn drop(&mut self) {
        self.task.abort();
        let record = Folder::at(&self.run).read(&self.id);
        for record in record.iter().filter(|record| record.lives()) {
            // Whatever has ended meanwhile is no harm.
            let _ = proc::kill_group(record.pid, rustix::process::Signal::KILL);
            let _ = proc::kill(record.holder, rustix::process::Signal::KILL);
        }
    }
}

impl Truth {
    /// Starts a session whose program writes the files that it is told, byte for byte, and watches it
    /// from before its first byte.
    pub async fn start(name: &str, side: &Side, home: &Path) -> Self {
        let (folder, run) = (home.join("pieces").join(name), home.join("sf/run"));
        std::fs::create_dir_all(&folder).expect("made");
        let script =
            format!("stty -echo -opost; cd '{}'; while read -r x; do cat \"$x\"; done", folder.display());
        let mut wanted = spec(&["sh", "-c", &script]);
        wanted.name = Some(name.parse().expect("a name"));
        let started = side.start(wanted).await.expect("started");
        let mut peer = Peer::new(side.connect(&started.id).await.expect("connected"));
        peer.hello().await.expect("hello");
        // It takes whatever size there is, and is never too slow.
        peer.say(Kind::Attach, &Attach::default()).await.expect("said");
        let seen = Arc::new(Mutex::new(Seen {
            screen: Screen::with_scrollback(80, 24, KEPT),
            bytes: Vec::new(),
            problem: None,
        }));
        let (told, news) = watch::channel(0);
        let task = tokio::spawn(listen(peer, seen.clone(), told));
        let (id, side) = (started.id, side.clone());
        let holder = Folder::at(&run).read(&id).expect("a record").holder;
        let (pieces, written) = (0, Vec::new());
        Self { name: name.into(), id, side, run, holder, folder, pieces, written, seen, news, task }
    }

    /// Its holder is the one that it always had, and its program runs.
    pub fn lives(&self) -> bool {
        let record = Folder::at(&self.run).read(&self.id);
        record.is_some_and(|record| record.lives() && record.held() && record.holder == self.holder)
    }

    /// Has the program write something; does not wait for it.
    pub async fn work(&mut self, dice: &mut Dice) {
        let bytes = dice.output();
        let file = self.pieces.to_string();
        std::fs::write(self.folder.join(&file), &bytes).expect("written");
        self.pieces += 1;
        self.written.extend(bytes);
        let send = Send { text: file, enter: true, force: true, ..Send::default() };
        self.side.send(&self.id, &send).await.expect("typed");
    }

    /// Waits until everything that was written has been seen: every byte of it, in order, once.
    pub async fn settle(&self, when: &str) {
        let mut news = self.news.clone();
        let all = async {
            let _ = news.wait_for(|bytes| *bytes >= self.written.len()).await;
        };
        assert!(tokio::time::timeout(LIMIT, all).await.is_ok(), "{when}: {} wrote too little", self.name);
        let seen = self.seen.lock().expect("whole");
        assert_eq!(seen.problem, None, "{when}: {}", self.name);
        assert!(seen.bytes == self.written, "{when}: {} wrote something else", self.name);
    }

    /// What everybody must see.
    pub fn text(&self) -> ScreenText {
        self.seen.lock().expect("whole").screen.screen_text(HISTORY, true)
    }

    /// What everybody must see, without colours and history.
    pub fn plain(&self) -> Vec<String> {
        self.seen.lock().expect("whole").screen.text()
    }

    /// What the holder says.
    pub async fn told(&self) -> ScreenText {
        let query = ScreenQuery { ansi: true, scrollback: u32::try_from(HISTORY).expect("few") };
        self.side.screen(&self.id, query).await.expect("a screen")
    }
}

async fn listen(mut peer: Peer<Socket>, seen: Arc<Mutex<Seen>>, told: watch::Sender<usize>) {
    let mut first = true;
    loop {
        let said = peer.next().await;
        let mut seen = seen.lock().expect("whole");
        seen.problem = match said {
            Ok(Some(Said::Snapshot(header, bytes))) if std::mem::take(&mut first) => {
                seen.screen.resize(header.cols, header.rows);
                seen.screen.feed(&bytes);
                None
            }
            Ok(Some(Said::Snapshot(..))) => Some("a second picture for one who missed nothing".into()),
            Ok(Some(Said::Output(seq, _))) if seq != seen.bytes.len() as u64 => {
                Some(format!("byte {seq} came after {}", seen.bytes.len()))
            }
            Ok(Some(Said::Output(_, bytes))) => {
                seen.screen.feed(&bytes);
                // The holder answers.
                drop(seen.screen.take_replies());
                seen.bytes.extend(bytes);
                None
            }
            Ok(Some(Said::Size(size))) => {
                seen.screen.resize(size.cols, size.rows);
                None
            }
            Ok(Some(_)) => None,
            end => Some(format!("the holder is gone: {end:?}")),
        };
        told.send_replace(seen.bytes.len());
        if seen.problem.is_some() {
            return;
        }
    }
}
