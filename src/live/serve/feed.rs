//! The rows of all sessions, again whenever one changes: what keeps a cockpit's list alive.
//!
//! Nothing is polled: the run folder is watched for sessions that come and end, and every holder is
//! asked to say when its program has written something.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::{AbortHandle, JoinSet};

use super::{Shown, Side, shown};
use crate::error::{Error, Result};
use crate::live::client::{Peer, Said};
use crate::model::live::Live;
use crate::model::{LiveId, ToolId};
use crate::sys::watch;
use crate::wire::holder::{Kind, Status, Wait};

/// A burst of output is one change; and a shell whose job starts silently is looked at once more.
const SETTLE: Duration = Duration::from_millis(250);
/// A burst of files is one look into the folder.
const BURST: Duration = Duration::from_millis(30);
const HUNG_UP: Duration = Duration::from_secs(1);
const NEWS: usize = 64;

/// Writes a line of JSON, an array of [`Live`], at once and after every change; ends when the reader
/// goes away.
///
/// # Errors
/// `unsupported` when the run folder cannot be watched; those of reading it.
pub(super) async fn feed(side: Side, stream: DuplexStream) -> Result<()> {
    side.folder.create()?;
    let folder = Arc::new(Notify::new());
    let poke = folder.clone();
    let _watching =
        watch::files(side.folder.path(), |name| name.ends_with(".json"), move || poke.notify_one())?;
    let (mut reader, mut writer) = tokio::io::split(stream);
    let (news, mut heard) = mpsc::channel(NEWS);
    let mut feed = Feed { side, news, rows: Vec::new(), listeners: HashMap::new(), tasks: JoinSet::new() };
    feed.look().await?;
    let mut written = Vec::new();
    let mut ignored = [0; 64];
    loop {
        let mut line = serde_json::to_vec(&feed.rows)?;
        line.push(b'\n');
        if line != written {
            if writer.write_all(&line).await.is_err() {
                return Ok(());
            }
            written = line;
        }
        tokio::select! {
            n = reader.read(&mut ignored) => if matches!(n, Ok(0) | Err(_)) { return Ok(()) },
            () = folder.notified() => {
                tokio::time::sleep(BURST).await;
                feed.look().await?;
            }
            heard = heard.recv() => match heard {
                Some(News::Status(id, status)) => feed.update(&id, *status),
                Some(News::Gone) => feed.look().await?,
                None => return Err(Error::internal("the feed lost its own channel")),
            },
        }
    }
}

enum News {
    Status(LiveId, Box<Status>),
    /// A holder has hung up.
    Gone,
}

struct Feed {
    side: Side,
    news: mpsc::Sender<News>,
    rows: Vec<Live>,
    listeners: HashMap<LiveId, AbortHandle>,
    /// Ends the listeners with the feed.
    tasks: JoinSet<()>,
}

impl Feed {
    /// Looks at everything, and listens to every holder that is there.
    async fn look(&mut self) -> Result<()> {
        self.rows = self.side.list().await?;
        while self.tasks.try_join_next().is_some() {}
        self.listeners.retain(|_, task| !task.is_finished());
        for row in self.rows.iter().filter(|row| row.state.lives()) {
            if !self.listeners.contains_key(&row.id) {
                let task =
                    self.tasks.spawn(listen(self.side.clone(), row.id.clone(), row.tool, self.news.clone()));
                self.listeners.insert(row.id.clone(), task);
            }
        }
        Ok(())
    }

    fn update(&mut self, id: &LiveId, status: Status) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.id == *id) {
            let Shown { live, .. } = shown(row.clone(), status, self.side.clock.now());
            // A state that goes on began when it began, whatever the rounding says.
            let since = if row.state == live.state { row.since.or(live.since) } else { live.since };
            *row = Live { since, ..live };
        }
    }
}

/// Tells how a session is, whenever something happened in it.
async fn listen(side: Side, id: LiveId, tool: Option<ToolId>, news: mpsc::Sender<News>) {
    let talk = async {
        let mut peer = Peer::new(side.connect(&id).await?);
        peer.hello().await?;
        let mut seen = Wait::default();
        loop {
            let Said::State(status) = peer.ask(Kind::Wait, &seen).await? else { continue };
            tell(&news, &id, side.consult(tool, status).await).await?;
            tokio::time::sleep(SETTLE).await;
            let Said::State(status) = peer.ask(Kind::Status, &Wait::default()).await? else { continue };
            seen = Wait { seq: status.seq, state: Some(status.state) };
            tell(&news, &id, side.consult(tool, status).await).await?;
        }
    };
    let ended: Result<()> = talk.await;
    if ended.is_err() {
        // The row is looked up anew, but not in a hurry: a holder that hangs up at once, again and
        // again, must not keep us busy. Nobody hears it when the feed has ended.
        tokio::time::sleep(HUNG_UP).await;
        let _ = news.send(News::Gone).await;
    }
}

async fn tell(news: &mpsc::Sender<News>, id: &LiveId, status: Status) -> Result<()> {
    let told = news.send(News::Status(id.clone(), Box::new(status))).await;
    told.map_err(|_| Error::cancelled())
}
