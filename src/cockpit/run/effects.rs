//! What becomes of effects: they are given to the terminal, the shown session and the engine.

use std::process::ExitCode;
use std::time::Duration;

use super::Cockpit;
use crate::cockpit::attach::{Asked, Line};
use crate::cockpit::clipboard;
use crate::cockpit::dropped::dropped;
use crate::cockpit::effect::Effect;
use crate::cockpit::job::JobId;
use crate::cockpit::msg::Msg;
use crate::cockpit::update::{run_line, update};
use crate::engine::{Call, Event};
use crate::error::Error;

/// How long a selection has to rest before something is fetched for it.
const REST: Duration = Duration::from_millis(120);

impl Cockpit {
    /// Carries out what the state wants done.
    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Submit(id, call) => self.submit(id, call),
            Effect::Cancel(id) => {
                if let Some(cancel) = self.cancels.get(&id) {
                    cancel.cancel();
                }
            }
            // A command that no longer waits has no use for the answer.
            Effect::Answer(reply, yes) => drop(reply.send(yes)),
            Effect::Settle(token) => {
                let inbox = self.inbox.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(REST).await;
                    let _ = inbox.send(Msg::Settled(token)).await;
                });
            }
            Effect::Read(id, want) => self.asker.read(id, want),
            Effect::Color(id, pieces) => self.asker.color(id, pieces),
            Effect::Paint(id, pieces) => self.asker.paint(id, pieces),
            Effect::Find(id, text) => self.asker.find(id, text),
            Effect::List => self.asker.list(),
            Effect::Health => self.asker.health(),
            Effect::Search(token, words) => self.asker.search(token, words),
            Effect::Attach(id, cols, rows) => {
                let ask = Asked { id, size: (cols, rows), link: None, colors: self.state.colors };
                self.line = Some(Line::new(self.engine.clone(), ask, self.inbox.clone()));
            }
            Effect::Adopt(id, link, cols, rows) => {
                let ask = Asked { id, size: (cols, rows), link: Some(link), colors: self.state.colors };
                self.line = Some(Line::new(self.engine.clone(), ask, self.inbox.clone()));
            }
            Effect::Detach => self.line = None,
            Effect::Input(bytes) => {
                let sent = self.line.as_ref().is_none_or(|line| line.input(&bytes));
                if !sent {
                    let slow = Error::unreachable("the link is too slow: keys were dropped");
                    // With a full inbox there is more to tell than that.
                    let _ = self.inbox.try_send(Msg::Tell(slow));
                }
            }
            Effect::Paste(id, text, bytes) => match dropped(&text) {
                Some(file) => {
                    let words = ["session", "paste", id.as_str(), "--", &file].map(str::to_owned);
                    let effects = run_line(&mut self.state, &words);
                    effects.into_iter().for_each(|effect| self.perform(effect));
                }
                None => self.perform(Effect::Input(bytes)),
            },
            Effect::Resize(cols, rows) => {
                if let Some(line) = &self.line {
                    line.resize(cols, rows);
                }
            }
            Effect::Copy(text) => {
                let env = self.engine.env().clone();
                self.term.send(clipboard::sequence(&text, clipboard::Wrap::of(&env)));
                self.engine.runtime().spawn(async move { clipboard::give(&text, &env).await });
            }
            Effect::Mouse(on) => self.term.set_mouse(on),
            Effect::Motion(on) => self.term.set_motion(on),
            Effect::Suspend => {
                if let Err(error) = self.suspend() {
                    update(&mut self.state, Msg::Tell(error));
                }
            }
            Effect::Redraw => self.painter.forget(),
            Effect::Quit => self.outcome = Some(ExitCode::SUCCESS),
        }
    }

    fn submit(&mut self, id: JobId, call: Call) {
        let mut run = self.engine.submit(call);
        self.cancels.insert(id, run.cancel.clone());
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            while let Some(event) = run.events.recv().await {
                let last = matches!(event, Event::Finished { .. });
                if inbox.send(Msg::Job(id, event)).await.is_err() || last {
                    return;
                }
            }
        });
        self.cancels.retain(|_, cancel| !cancel.is_cancelled());
    }
}
