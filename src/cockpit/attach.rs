//! The one live session that is shown: attached, and attached again when the link breaks.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use super::msg::{Link, Msg, Rgb};
use crate::command::line;
use crate::engine::{Engine, Origin};
use crate::error::{Error, Result};
use crate::live::client::{Attached, End, Retry, is_final};
use crate::model::LiveId;
use crate::wire::holder::Attach;

/// Keystrokes that may wait while the link is made.
const WISHES: usize = 256;

/// What is to be shown, and how.
pub struct Asked {
    /// The session.
    pub id: LiveId,
    /// Columns and rows of the stage.
    pub size: (u16, u16),
    /// The take-over link by which it is reached, if it is somebody else's.
    pub link: Option<String>,
    /// The colours of text, and behind it, on the person's terminal.
    pub colors: Option<(Rgb, Rgb)>,
}

/// What the person wants of the session.
enum Wish {
    Input(Vec<u8>),
    Size(u16, u16),
}

/// A session that is shown. Dropping it detaches.
pub struct Line {
    wishes: mpsc::Sender<Wish>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Line {
    /// Attaches; what comes of it is told as [`Msg::Terminal`].
    pub fn new(engine: Engine, asked: Asked, inbox: mpsc::Sender<Msg>) -> Self {
        let (wishes, wished) = mpsc::channel(WISHES);
        let task = tokio::spawn(keep(engine, asked, inbox, wished));
        Self { wishes, task }
    }

    /// Types. `false` when too much waits already.
    pub fn input(&self, bytes: Vec<u8>) -> bool {
        self.wishes.try_send(Wish::Input(bytes)).is_ok()
    }

    /// The stage has this size now.
    pub fn resize(&self, cols: u16, rows: u16) -> bool {
        self.wishes.try_send(Wish::Size(cols, rows)).is_ok()
    }
}

async fn keep(engine: Engine, asked: Asked, inbox: mpsc::Sender<Msg>, mut wished: mpsc::Receiver<Wish>) {
    let Asked { id, mut size, link, colors } = asked;
    let tell = |link: Link| inbox.send(Msg::Terminal(id.clone(), link));
    let settings = engine.settings();
    let (history, sizes) = (u32::from(settings.ui.scrollback), settings.session.sizes);
    let mut attached: Option<Attached> = None;
    let mut retry = Retry::default();
    // What was typed while there was no link.
    let mut early = VecDeque::new();
    loop {
        let error = match open(&engine, &id, link.as_deref()).await {
            Ok(io) => {
                let wish = Attach { cols: size.0, rows: size.1, history, sizes, colors, ..Attach::default() };
                let now = match &attached {
                    Some(before) => before.again(io),
                    None => Attached::new(io, wish),
                };
                if tell(Link::On(now.screen().clone())).await.is_err() {
                    return;
                }
                now.resize(size.0, size.1);
                retry.reset();
                let end = serve(&now, &mut size, (&mut early, &mut wished), &inbox, &id).await;
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
        match tokio::time::timeout(pause.saturating_sub(Retry::SHORTEST), wished.recv()).await {
            Ok(None) => return,
            Ok(Some(Wish::Size(cols, rows))) => size = (cols, rows),
            Ok(Some(input)) if early.len() < WISHES => early.push_back(input),
            Ok(Some(_)) | Err(_) => {}
        }
    }
}

async fn open(engine: &Engine, id: &LiveId, link: Option<&str>) -> Result<crate::fleet::Duplex> {
    let words = match link {
        Some(link) => ["session", "adopt", link],
        None => ["session", "attach", id.as_str()],
    };
    let words = words.map(str::to_owned);
    let parsed = line::parse(&words).map_err(line::Refused::into_error)?;
    let opened = engine.open(parsed.call(Origin::Ui, engine.settings().jobs)).await?;
    Ok(opened.io)
}

/// Carries wishes there and news here, until it is over; `None` when nobody is here any more.
async fn serve(
    attached: &Attached,
    size: &mut (u16, u16),
    (early, wished): (&mut VecDeque<Wish>, &mut mpsc::Receiver<Wish>),
    inbox: &mpsc::Sender<Msg>,
    id: &LiveId,
) -> Option<End> {
    let mut news = attached.news();
    let ended = attached.ended();
    tokio::pin!(ended);
    loop {
        tokio::select! {
            biased;
            wish = next(early, wished) => match wish? {
                Wish::Input(bytes) => {
                    if !attached.send_input(bytes) {
                        let slow = Error::unreachable("the link is too slow: keys were dropped");
                        inbox.send(Msg::Tell(slow)).await.ok()?;
                    }
                }
                Wish::Size(cols, rows) => {
                    *size = (cols, rows);
                    attached.resize(cols, rows);
                }
            },
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

/// What was kept, then what comes.
async fn next(early: &mut VecDeque<Wish>, wished: &mut mpsc::Receiver<Wish>) -> Option<Wish> {
    match early.pop_front() {
        Some(wish) => Some(wish),
        None => wished.recv().await,
    }
}
