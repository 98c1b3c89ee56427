//! Everything that the cockpit knows; changed by `update` alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::job::{JobId, Jobs};
use super::keys::Keys;
use super::layout::{Layout, Shape};
use super::list::List;
use super::overlay::{Overlay, Search};
use super::pane;
use super::shelf::Shelf;
use super::stage::Stage;
use super::subject::Subject;
use crate::command::screen::args;
use crate::config::Notice;
use crate::config::chord::Chord;
use crate::config::keymap::Context;
use crate::config::theme::Role;
use crate::model::live::Colors;
use crate::model::snapshot::Snapshot;
use crate::model::transcript::Hit;
use crate::model::{FeatureName, Time};

/// A place that can have the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// The list of hosts.
    Hosts,
    /// The tree of features.
    Features,
    /// The live sessions.
    Live,
    /// The transcripts.
    Transcripts,
    /// The stage.
    Stage,
}

impl Pane {
    /// Every pane, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Hosts, Self::Features, Self::Live, Self::Transcripts, Self::Stage];
    /// The four on the left.
    pub const LISTS: [Self; 4] = [Self::Hosts, Self::Features, Self::Live, Self::Transcripts];

    /// Its name on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hosts => "Hosts",
            Self::Features => "Features",
            Self::Live => "Live",
            Self::Transcripts => "Transcripts",
            Self::Stage => "Stage",
        }
    }

    /// Its place among the lists.
    pub fn index(self) -> Option<usize> {
        Self::LISTS.iter().position(|pane| *pane == self)
    }

    /// Its section in a keymap.
    pub const fn context(self) -> Context {
        match self {
            Self::Hosts => Context::Hosts,
            Self::Features => Context::Features,
            Self::Live => Context::Live,
            Self::Transcripts => Context::Transcripts,
            Self::Stage => Context::Stage,
        }
    }

    /// The pane that a line means, seen from here.
    pub fn target(self, pane: args::Pane) -> Self {
        let at = Self::ALL.iter().position(|p| *p == self).unwrap_or(0);
        match pane {
            args::Pane::Hosts => Self::Hosts,
            args::Pane::Features => Self::Features,
            args::Pane::Live => Self::Live,
            args::Pane::Transcripts => Self::Transcripts,
            args::Pane::Stage => Self::Stage,
            args::Pane::Next => Self::ALL[(at + 1) % Self::ALL.len()],
            args::Pane::Previous => Self::ALL[(at + Self::ALL.len() - 1) % Self::ALL.len()],
        }
    }
}

/// Where keys go when nothing lies over the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Typing {
    /// They are commands.
    #[default]
    Normal,
    /// They are commands; the last one left a terminal, and the same again is meant for it.
    JustLeft,
    /// They go to the terminal on the stage.
    Terminal,
    /// They change the filter of the focused list.
    Filter,
    /// They change the text that is looked for in the transcript.
    Find,
}

/// What was set before the first key.
#[derive(Debug)]
pub struct Setup {
    /// The keys.
    pub keys: Keys,
    /// What is wrong in the user's files.
    pub notices: Vec<Notice>,
    /// Hosts worked on at once.
    pub jobs: u16,
    /// Whether the mouse is listened to.
    pub mouse: bool,
    /// Whether programs may fill the clipboard.
    pub clipboard: bool,
    /// Names in the ssh configuration.
    pub aliases: Vec<String>,
    /// Milliseconds of local time before UTC.
    pub zone: i64,
}

/// Everything that the cockpit knows.
#[derive(Debug)]
pub struct State {
    /// What time it is.
    pub now: Time,
    /// Milliseconds of local time before UTC.
    pub zone: i64,
    /// The terminal's own colours, once it has told them.
    pub colors: Option<Colors>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The picture of the world.
    pub data: Snapshot,
    /// The pane that has the focus.
    pub focus: Pane,
    /// The list that had it last: the stage shows its selection.
    pub last_list: Pane,
    /// Whether the stage has the whole screen.
    pub zoom: bool,
    /// Features whose worktrees are hidden.
    pub folded: BTreeSet<FeatureName>,
    /// The stage.
    pub stage: Stage,
    /// What lies over the screen, the topmost last.
    pub overlays: Vec<Overlay>,
    /// What was searched for last, and where among its hits the stage is.
    pub search: Searched,
    /// The commands that were run.
    pub jobs: Jobs,
    /// Where keys go.
    pub typing: Typing,
    /// What was pressed of a longer chord.
    pub pending: Vec<Chord>,
    /// A line for the person, until the next key.
    pub message: Option<(Role, String)>,
    /// The keys.
    pub keys: Arc<Keys>,
    /// What is known of all transcripts, and of the tools that they come from.
    pub shelf: Shelf,
    /// The rest of the settings.
    pub options: Options,
    lists: [List; 4],
}

/// A search over all transcripts that was made.
#[derive(Debug, Default)]
pub struct Searched {
    /// The search, while it does not lie over the screen.
    pub kept: Option<Box<Search>>,
    /// Its hits, and which one is on the stage.
    pub hits: Option<(Vec<Hit>, usize)>,
}

/// Settings, and what was said about them.
#[derive(Debug)]
pub struct Options {
    /// Hosts worked on at once.
    pub jobs: u16,
    /// Whether the mouse is listened to.
    pub mouse: bool,
    /// Whether programs may fill the clipboard.
    pub clipboard: bool,
    /// Names in the ssh configuration.
    pub aliases: Vec<String>,
    /// What went wrong so far, newest last.
    pub notices: Vec<String>,
}

impl State {
    /// A cockpit that knows nothing yet.
    pub fn new(setup: Setup) -> Self {
        let notices: Vec<String> = setup.notices.iter().map(ToString::to_string).collect();
        let mut state = Self {
            now: Time::default(),
            zone: setup.zone,
            colors: None,
            size: (80, 24),
            data: Snapshot::default(),
            focus: Pane::Hosts,
            last_list: Pane::Hosts,
            zoom: false,
            folded: BTreeSet::new(),
            stage: Stage::default(),
            overlays: Vec::new(),
            search: Searched::default(),
            jobs: Jobs::default(),
            typing: Typing::Normal,
            pending: Vec::new(),
            message: None,
            keys: Arc::new(setup.keys),
            shelf: Shelf::default(),
            options: Options {
                jobs: setup.jobs,
                mouse: setup.mouse,
                clipboard: setup.clipboard,
                aliases: setup.aliases,
                notices: Vec::new(),
            },
            lists: Default::default(),
        };
        match notices.as_slice() {
            [] => {}
            [one] => state.message = Some((Role::Warn, one.clone())),
            [first, rest @ ..] => {
                state.message = Some((Role::Warn, format!("{first} (and {} more: `notices`)", rest.len())));
            }
        }
        state.options.notices = notices;
        state
    }

    /// A list.
    pub fn list(&self, pane: Pane) -> Option<&List> {
        pane.index().map(|i| &self.lists[i])
    }

    /// A list, to be changed.
    pub fn list_mut(&mut self, pane: Pane) -> Option<&mut List> {
        pane.index().map(|i| &mut self.lists[i])
    }

    /// What is chosen in the list that has the focus, or had it last.
    pub fn selected(&self) -> Option<&Subject> {
        self.list(self.last_list)?.selected()
    }

    /// What decides on the layout.
    pub fn shape(&self) -> Shape {
        Shape {
            width: self.size.0,
            height: self.size.1,
            focus: self.focus,
            list: self.last_list,
            zoom: self.zoom,
            hosts: self.data.hosts.len(),
        }
    }

    /// Where everything is.
    pub fn layout(&self) -> Layout {
        Layout::of(self.shape())
    }

    /// Where keys are looked up first.
    pub fn contexts(&self) -> &'static [Context] {
        match self.focus {
            Pane::Stage if self.stage.shown_reading().is_some() => &[Context::Reading, Context::Stage],
            Pane::Hosts => &[Context::Hosts],
            Pane::Features => &[Context::Features],
            Pane::Live => &[Context::Live],
            Pane::Transcripts => &[Context::Transcripts],
            Pane::Stage => &[Context::Stage],
        }
    }

    /// How many sessions need somebody.
    pub fn waiting(&self) -> usize {
        self.data.live.iter().filter(|live| live.state.wants_attention()).count()
    }

    /// The session that the person types into.
    pub fn watched_session(&self) -> Option<crate::model::LiveId> {
        let typing = matches!(self.typing, Typing::Terminal);
        self.stage.shown_terminal().filter(|_| typing).map(|terminal| terminal.id.clone())
    }

    /// The job on the stage, if one is.
    pub fn job_shown(&self) -> Option<JobId> {
        self.stage.job
    }

    /// Builds the rows of a pane anew.
    pub fn refill(&mut self, pane: Pane) {
        let Some(i) = pane.index() else { return };
        let items = pane::items(pane, self, &self.lists[i].filter);
        self.lists[i].set(items);
    }

    /// Moves the focus.
    pub fn give_focus(&mut self, pane: Pane) {
        self.focus = pane;
        if pane.index().is_some() {
            self.last_list = pane;
            self.zoom = false;
        }
        if pane != Pane::Stage {
            self.typing = Typing::Normal;
        }
    }

    /// Tells the person something, in the status line and among the notices.
    pub fn tell(&mut self, role: Role, text: impl Into<String>) {
        const MOST: usize = 200;
        let text = text.into();
        if role != Role::Text && role != Role::Ok {
            if self.options.notices.len() == MOST {
                self.options.notices.remove(0);
            }
            self.options.notices.push(text.clone());
        }
        self.message = Some((role, text));
    }
}
