//! The loop: messages in, effects out, a picture whenever something changed.

mod calls;
mod effects;

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use ratatui::layout::Rect;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::ask::Asker;
use super::attach::Line;
use super::effect::Effect;
use super::extra::Extras;
use super::input::{ASK_COLORS, Input};
use super::job::JobId;
use super::keys::Keys;
use super::msg::{Link, Msg};
use super::pace::Pace;
use super::paint::Painter;
use super::refresh::Refresh;
use super::signals::Signals;
use super::skin::{Depth, Skin};
use super::stage;
use super::state::{Setup, State, Typing};
use super::term::{self, Term};
use super::update::update;
use super::view::view;
use crate::command::session::colors;
use crate::config::{Keymap, Notice, Theme};
use crate::engine::{Engine, Event};
use crate::error::Result;
use crate::fleet::aliases;
use crate::model::snapshot::Snapshot;
use crate::sys::clock::local_zone;
use crate::sys::turns;

/// Messages that may wait.
const INBOX: usize = 1024;
/// Messages that are taken in before the next picture, at most.
const BATCH: usize = 256;

/// Runs the cockpit until the person leaves or the terminal goes. `notices` are what is wrong with
/// the settings. Needs a tokio runtime, best one of its own: what is typed, what is shown and the session between
/// them are waited for on this thread, and all other work is done on the engine's.
///
/// # Errors
/// `usage` when the terminal cannot be used.
pub async fn run(engine: Engine, notices: Vec<Notice>) -> Result<ExitCode> {
    turns::short();
    let mut cockpit = Cockpit::new(engine, notices)?;
    cockpit.work().await
}

struct Cockpit {
    engine: Engine,
    state: State,
    skin: Skin,
    painter: Painter,
    refresh: Refresh,
    asker: Asker,
    seen: Snapshot,
    inbox: mpsc::Sender<Msg>,
    letters: mpsc::Receiver<Msg>,
    cancels: HashMap<JobId, CancellationToken>,
    line: Option<Line>,
    title: String,
    outcome: Option<ExitCode>,
    signals: Signals,
    // Last, so that the terminal is given back when everything else has ended.
    term: Term,
}

/// What is to be drawn again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Nothing,
    /// The screen of the session on the stage, and nothing else.
    Screen,
    All,
}

/// What woke the loop.
enum Woken {
    Message(Msg),
    Pen,
    Paint,
    Minute,
    Ended(u8),
    Suspend,
    Unknown,
}

/// The hosts that the ssh configuration names, for forms.
fn ssh_names(engine: &Engine) -> Vec<String> {
    let home = engine.env().home();
    let mut files = vec![home.join(".ssh/config")];
    let own = &engine.settings().ssh.config_file;
    if !own.is_empty() {
        files.insert(0, own.into());
    }
    aliases::of(&files, &home)
}

impl Cockpit {
    fn new(engine: Engine, mut notices: Vec<Notice>) -> Result<Self> {
        let ui = engine.settings().ui.clone();
        let (keymap, said) = Keymap::load(&ui.keymap, &engine.paths().keymap());
        notices.extend(said);
        let keys = Keys::new(&keymap, &mut notices);
        let (theme, said) = Theme::load(&ui.theme, &engine.paths().theme());
        notices.extend(said);
        let skin = Skin::new(&theme, Depth::of(engine.env()));
        let setup = Setup {
            keys,
            notices,
            jobs: engine.settings().jobs,
            mouse: ui.mouse,
            clipboard: engine.settings().session.clipboard,
            aliases: ssh_names(&engine),
            zone: local_zone(),
        };
        let signals = Signals::new()?;
        let (inbox, letters) = mpsc::channel(INBOX);
        let refresh = Refresh::start(&engine);
        let term = Term::enter(ui.mouse)?;
        Ok(Self {
            state: State::new(setup),
            skin,
            painter: Painter::default(),
            refresh,
            asker: Asker::new(engine.clone(), inbox.clone()),
            seen: Snapshot::default(),
            inbox,
            letters,
            cancels: HashMap::new(),
            line: None,
            title: String::new(),
            outcome: None,
            signals,
            term,
            engine,
        })
    }

    async fn work(&mut self) -> Result<ExitCode> {
        let mut input = Input::new();
        self.term.send(ASK_COLORS.to_vec());
        let mut data = self.engine.watch();
        let idle = self.term.idle();
        let (cols, rows) = crossterm::terminal::size().unwrap_or((80, 24));
        self.take(Msg::Size(cols, rows));
        data.mark_changed();
        let mut dirty = Change::All;
        let mut pace = Pace::new();
        loop {
            if let Some(code) = self.outcome.take() {
                return Ok(code);
            }
            let wait = pace.wait();
            let stale = dirty > Change::Nothing && !self.term.is_busy();
            if stale && wait.is_zero() {
                // A picture that is the same as before costs nobody anything.
                if self.draw(std::mem::replace(&mut dirty, Change::Nothing)) {
                    pace.drawn();
                }
                continue;
            }
            let minute = until_next_minute(self.engine.clock().now());
            let signals = &mut self.signals;
            let woken = tokio::select! {
                biased;
                _ = signals.term.recv() => Woken::Ended(143),
                _ = signals.hup.recv() => Woken::Ended(129),
                _ = signals.int.recv() => Woken::Ended(130),
                _ = signals.tstp.recv() => Woken::Suspend,
                // What the terminal shows, and how large it is, is no longer known.
                _ = signals.cont.recv() => Woken::Unknown,
                _ = signals.winch.recv() => Woken::Unknown,
                sent = input.next() => match sent {
                    Some(msgs) => {
                        let mut typed = true;
                        for msg in msgs {
                            let (change, only_typed) = self.take(msg);
                            dirty = dirty.max(change);
                            typed &= only_typed;
                        }
                        // What a key brings about is shown at once.
                        pace.hurry();
                        if typed {
                            pace.await_echo();
                        }
                        continue;
                    }
                    // The terminal is gone.
                    None => Woken::Ended(129),
                },
                letter = self.letters.recv() => match letter {
                    Some(msg) => Woken::Message(msg),
                    None => continue,
                },
                changed = data.changed() => match changed {
                    Ok(()) => {
                        let newest = data.borrow_and_update().clone();
                        if same(&newest, &self.seen) {
                            continue;
                        }
                        self.call(&newest);
                        self.seen = newest.clone();
                        Woken::Message(Msg::Data(newest))
                    }
                    Err(_) => Woken::Ended(1),
                },
                () = idle.notified() => Woken::Pen,
                () = tokio::time::sleep(wait), if stale => Woken::Paint,
                () = tokio::time::sleep(minute) => Woken::Minute,
            };
            match woken {
                Woken::Message(msg) => {
                    pace.heard();
                    dirty = dirty.max(self.take(msg).0).max(self.take_waiting());
                }
                Woken::Pen | Woken::Paint => {}
                // Texts like `4m` have become older.
                Woken::Minute => {
                    self.take(Msg::Now(self.engine.clock().now()));
                    dirty = Change::All;
                }
                Woken::Ended(code) => return Ok(ExitCode::from(code)),
                Woken::Suspend => {
                    self.suspend()?;
                    dirty = Change::All;
                }
                Woken::Unknown => {
                    self.painter.forget();
                    let (cols, rows) = crossterm::terminal::size().unwrap_or((80, 24));
                    self.take(Msg::Size(cols, rows));
                    dirty = Change::All;
                }
            }
        }
    }

    /// Takes in what else is there, so that a burst is one picture.
    fn take_waiting(&mut self) -> Change {
        let mut change = Change::Nothing;
        for _ in 0..BATCH {
            let Ok(msg) = self.letters.try_recv() else { break };
            change = change.max(self.take(msg).0);
        }
        change
    }

    /// Takes in a message. Says what has to be drawn again, and whether nothing came of it but what a program is
    /// given to read.
    fn take(&mut self, msg: Msg) -> (Change, bool) {
        match &msg {
            Msg::Focus(on) => self.refresh.focus(*on),
            Msg::Colors(colors) => {
                let (paths, colors) = (self.engine.paths().clone(), *colors);
                self.engine.runtime().spawn_blocking(move || {
                    if let Err(error) = colors::remember(&paths, colors) {
                        tracing::warn!("the terminal's colours are not remembered: {error}");
                    }
                });
            }
            // It may have changed what we look at.
            Msg::Job(_, Event::Finished { .. }) => self.refresh.now(),
            _ => {}
        }
        let now = self.engine.clock().now();
        update(&mut self.state, Msg::Now(now));
        if let Msg::Size(cols, rows) = msg {
            let size = Msg::Size(cols.clamp(1, 1000), rows.clamp(1, 1000));
            return self.take_effects(size);
        }
        self.take_effects(msg)
    }

    fn take_effects(&mut self, msg: Msg) -> (Change, bool) {
        let typing = |state: &State| state.typing == Typing::Terminal && state.overlays.is_empty();
        let (typed_before, picture) = (typing(&self.state), matches!(msg, Msg::Terminal(_, Link::Picture)));
        let key = matches!(msg, Msg::Key(_));
        let effects = update(&mut self.state, msg);
        let typed = !effects.is_empty() && effects.iter().all(|effect| matches!(effect, Effect::Input(_)));
        // A key that a program gets changes nothing here, and a new picture nothing but the stage.
        let only_screen =
            if picture { effects.is_empty() } else { key && typed && typed_before && typing(&self.state) };
        for effect in effects {
            self.perform(effect);
        }
        (if only_screen { Change::Screen } else { Change::All }, typed)
    }

    fn suspend(&mut self) -> Result<()> {
        self.term.suspend()?;
        self.painter.forget();
        Ok(())
    }

    /// Draws the newest state; whether there was something to draw.
    fn draw(&mut self, change: Change) -> bool {
        let stage = self.state.layout().stage;
        if change == Change::Screen && (stage.is_none() || self.state.stage.shown_terminal().is_none()) {
            return false;
        }
        // What lies over the stage has none of it.
        let stage = stage.filter(|_| self.state.overlays.is_empty());
        let part =
            stage.and_then(|area| stage::part(&self.state, &self.skin, area, change == Change::Screen));
        let patch = part.and_then(|(part, extras, cursor)| self.painter.patch(part, extras, cursor));
        let mut bytes = patch.unwrap_or_else(|| self.whole(stage)).into_bytes();
        let title = match self.state.waiting() {
            0 => "sf".to_owned(),
            n => format!("({n}) sf"),
        };
        if title != self.title {
            bytes.extend(term::title(&title));
            self.title = title;
        }
        // The loop draws only while the pen is idle, so it takes this.
        if bytes.is_empty() {
            return false;
        }
        if !self.term.draw(bytes) {
            self.painter.forget();
        }
        true
    }

    /// What draws everything.
    fn whole(&mut self, stage: Option<Rect>) -> String {
        let (cols, rows) = self.state.size;
        let mut buf = self.painter.canvas(Rect::new(0, 0, cols, rows));
        let cursor = view(&self.state, &self.skin, &mut buf);
        let extras = stage.map_or_else(Extras::default, |area| stage::extras(&self.state, &self.skin, area));
        self.painter.paint(buf, extras, cursor)
    }
}

fn same(a: &Snapshot, b: &Snapshot) -> bool {
    use std::sync::Arc;
    Arc::ptr_eq(&a.hosts, &b.hosts)
        && Arc::ptr_eq(&a.repos, &b.repos)
        && Arc::ptr_eq(&a.features, &b.features)
        && Arc::ptr_eq(&a.worktrees, &b.worktrees)
        && Arc::ptr_eq(&a.live, &b.live)
        && Arc::ptr_eq(&a.transcripts, &b.transcripts)
}

fn until_next_minute(now: crate::model::Time) -> Duration {
    let past = u64::try_from(now.0.rem_euclid(60_000)).unwrap_or(0);
    Duration::from_millis(60_000 - past)
}
