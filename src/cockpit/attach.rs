//! The one live session that is shown: attached, and attached again when the link breaks.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::msg::{Link, Msg};
use crate::command::line;
use crate::engine::{Engine, Origin};
use crate::error::{At, Result};
use crate::fleet::Duplex;
use crate::live::client::{Attached, End, Retry, Wishes, is_final};
use crate::model::LiveId;
use crate::model::live::Colors;
use crate::wire::holder::Attach;

/// What is to be shown, and how.
pub struct Asked {
    /// The session.
    pub id: LiveId,
    /// Columns and rows of the stage.
    pub size: (u16, u16),
    /// The take-over link by which it is reached, if it is somebody else's.
    pub link: Option<String>,
    /// The colours of the person's terminal.
    pub colors: Option<Colors>,
}

/// A session that is shown. Dropping it detaches.
pub struct Line {
    wishes: Arc<Wishes>,
    task: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Line {
    /// Attaches; what comes of it is told as [`Msg::Terminal`]. All of it happens on the thread that calls this, so
    /// that no key and no echo waits until another thread wakes.
    pub fn new(engine: Engine, asked: Asked, inbox: mpsc::Sender<Msg>) -> Self {
        let wishes = Arc::new(Wishes::default());
        wishes.resize(asked.size.0, asked.size.1);
        let task = tokio::spawn(keep(engine, asked, inbox, wishes.clone()));
        Self { wishes, task }
    }

    /// Types. `false` when too much waits already.
    pub fn input(&self, bytes: &[u8]) -> bool {
        self.wishes.input(bytes)
    }

    /// The stage has this size now.
    pub fn resize(&self, cols: u16, rows: u16) {
        self.wishes.resize(cols, rows);
    }
}

async fn keep(engine: Engine, asked: Asked, inbox: mpsc::Sender<Msg>, wishes: Arc<Wishes>) {
    let Asked { id, size: (cols, rows), link, colors } = asked;
    let tell = |link: Link| inbox.send(Msg::Terminal(id.clone(), link));
    let settings = engine.settings();
    let (history, sizes) = (u32::from(settings.ui.scrollback), settings.session.sizes);
    let wish = Attach { cols, rows, history, sizes, colors, ..Attach::default() };
    let mut attached: Option<Attached> = None;
    let mut retry = Retry::default();
    loop {
        let error = match open(&engine, &id, link.as_deref()).await {
            Ok(io) => {
                let now = match &attached {
                    Some(before) => before.again(io),
                    None => Attached::wishing(io, wish, wishes.clone()),
                };
                if tell(Link::On(now.screen().clone())).await.is_err() {
                    return;
                }
                retry.reset();
                let end = serve(&now, &inbox, &id).await;
                attached = Some(now);
                match end {
                    Some(End::Ended(status)) => {
                        // The owner of the inbox may be gone; then nobody cares.
                        let _ = tell(Link::Ended(status.exit_code)).await;
                        return;
                    }
                    Some(End::Cut(error)) => error,
                    None => return,
                }
            }
            // What is not there for the moment may be there again; anything else stays as it is.
            Err(error) if is_final(&error) => {
                let _ = tell(Link::Failed(error)).await;
                return;
            }
            Err(error) => error,
        };
        if tell(Link::Cut(error)).await.is_err() {
            return;
        }
        let pause = retry.pause();
        tokio::time::sleep(Retry::SHORTEST).await;
        // Somebody who types does not want to wait.
        let _ = tokio::time::timeout(pause.saturating_sub(Retry::SHORTEST), wishes.typed()).await;
    }
}

async fn open(engine: &Engine, id: &LiveId, link: Option<&str>) -> Result<Duplex> {
    let words = match link {
        Some(link) => ["session", "adopt", link],
        None => ["session", "attach", id.as_str()],
    };
    let words = words.map(str::to_owned);
    let parsed = line::parse(&words).map_err(line::Refused::into_error)?;
    let opened = engine.open(parsed.call(Origin::Ui, engine.settings().jobs)).await?;
    opened.io.moved().at("the session")
}

/// Carries news here, until it is over; `None` when nobody is here any more.
async fn serve(attached: &Attached, inbox: &mpsc::Sender<Msg>, id: &LiveId) -> Option<End> {
    let mut news = attached.news();
    let ended = attached.ended();
    tokio::pin!(ended);
    loop {
        tokio::select! {
            biased;
            changed = news.changed() => {
                if changed.is_err() {
                    return Some(ended.await);
                }
                inbox.send(Msg::Terminal(id.clone(), Link::Picture)).await.ok()?;
            }
            end = &mut ended => return Some(end),
        }
    }
}
