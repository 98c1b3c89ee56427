//! Waiting for a session to come to something.

use std::str::FromStr;
use std::time::Duration;

use super::{Peer, Said};
use crate::error::{Error, Result};
use crate::fleet::Duplex;
use crate::live::screen::Screen;
use crate::live::session::SCROLLBACK;
use crate::model::live::LiveState;
use crate::wire::holder::{Attach, Hello, Kind, Status};

/// A shell that is back in front may still be writing its prompt, or starting the next command.
const SETTLED: Duration = Duration::from_millis(300);
/// A program of which nothing is known counts as idle after this long without output.
const SILENT: Duration = Duration::from_secs(2);

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// Nothing happens any more.
    Idle,
    /// The program has ended.
    Exit,
    /// It waits for its person, or asks something.
    Waiting,
    /// It can be given a prompt, or asks something.
    Prompt,
    /// These words on the screen.
    Text(String),
}

impl FromStr for Until {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "" => return Err(Error::usage("nothing to wait for")),
            "idle" => Self::Idle,
            "exit" => Self::Exit,
            "waiting" => Self::Waiting,
            words => Self::Text(words.to_owned()),
        })
    }
}

impl Until {
    /// What the state alone says: it has come, or how long nothing may happen until it has.
    fn patience(&self, state: LiveState) -> Option<Duration> {
        match (self, state) {
            (Self::Idle, LiveState::Idle | LiveState::Waiting) => Some(SETTLED),
            (Self::Idle, LiveState::Unknown) => Some(SILENT),
            (Self::Waiting, LiveState::Waiting | LiveState::Blocked) => Some(SETTLED),
            (Self::Prompt, LiveState::Idle | LiveState::Waiting | LiveState::Blocked) => Some(SETTLED),
            (Self::Prompt, LiveState::Unknown) => Some(SILENT),
            _ => None,
        }
    }
}

/// Waits over a stream that a host's `live.open` gave; the state that it came to. Sleeps until the
/// holder says that something happened.
///
/// # Errors
/// `refused` when the program ends and something else was waited for; `unreachable` when the holder
/// hangs up.
pub async fn wait(io: Duplex, until: &Until) -> Result<LiveState> {
    let mut peer = Peer::new(io);
    peer.say(Kind::Hello, &Hello::default()).await?;
    peer.say(Kind::Attach, &Attach { read_only: true, ..Attach::default() }).await?;
    let mut screen = Screen::with_scrollback(80, 24, SCROLLBACK);
    let mut state = LiveState::Unknown;
    // Only one question is under way; what happens meanwhile asks once more. A state counts when it
    // is the same before and after a time without output.
    let (mut asked, mut stale, mut settled) = (false, true, false);
    loop {
        if stale && !asked {
            peer.say(Kind::Status, &serde_json::Value::Null).await?;
            (asked, stale) = (true, false);
        }
        let patience = if asked { None } else { until.patience(state) };
        let said = match patience {
            None => peer.next().await?,
            Some(patience) => match tokio::time::timeout(patience, peer.next()).await {
                Ok(said) => said?,
                Err(_) => {
                    (stale, settled) = (true, true);
                    continue;
                }
            },
        };
        match said {
            None => return Err(Error::unreachable("the holder has hung up")),
            Some(Said::Ended(status)) => return ended(until, &status, &screen),
            Some(Said::State(status)) => {
                (asked, state) = (false, status.state);
                if settled && until.patience(state).is_some() {
                    let silent = state == LiveState::Unknown;
                    return Ok(if silent { LiveState::Idle } else { state });
                }
                settled = false;
            }
            Some(Said::Snapshot(header, bytes)) => {
                screen.resize(header.cols, header.rows);
                screen.feed(&bytes);
                (stale, settled) = (true, false);
            }
            Some(Said::Output(_, bytes)) => {
                screen.feed(&bytes);
                (stale, settled) = (true, false);
            }
            Some(Said::Size(size)) => screen.resize(size.cols, size.rows),
            Some(_) => {}
        }
        if let Until::Text(words) = until
            && stale
            && shows(&mut screen, words)
        {
            return match peer.ask(Kind::Status, &serde_json::Value::Null).await? {
                Said::State(status) | Said::Ended(status) => Ok(status.state),
                _ => Ok(state),
            };
        }
    }
}

fn ended(until: &Until, status: &Status, screen: &Screen) -> Result<LiveState> {
    match until {
        Until::Exit => Ok(LiveState::Exited),
        Until::Text(words) if screen.contents().contains(words) => Ok(LiveState::Exited),
        _ => Err(Error::refused(format!(
            "the program has ended with status {} before that",
            status.exit_code.unwrap_or(-1)
        ))),
    }
}

/// Whether the words stand on the screen, or have passed over it since the last look.
fn shows(screen: &mut Screen, words: &str) -> bool {
    let passed = screen.take_history();
    screen.contents().contains(words) || passed.iter().any(|line| line.contains(words))
}
