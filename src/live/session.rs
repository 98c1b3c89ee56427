//! One session inside of its holder: program, screen and history.
//!
//! ```text
//!            start                    its program ends            the terminal is quiet or closed
//! (nothing) -------> running ---------------------> draining ------------------------------------> ended
//!                      ^  \_ output, input, resize       \_ output that was still on its way
//! ```

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::time::Duration;

use super::pty::Pty;
use super::ring::Ring;
use super::screen::Screen;
use super::screen::keys::{self, Chord};
use super::status::{self, Facts, RuleFile, Watcher};
use crate::error::{Error, Result};
use crate::model::ToolId;
use crate::model::live::LiveState;
use crate::sys::clock::Watch;
use crate::wire::holder::{Event, Send, Status};

/// Lines above the screen that are kept when the program has ended, as text.
pub const HISTORY: usize = 1000;
/// What the lines above the screen may take of the memory, in bytes, unless settings say otherwise.
pub const SCROLLBACK: usize = 8 * 1024 * 1024;
/// A program that does not read gets no more than this typed ahead.
const MOST_INPUT: usize = 1024 * 1024;
/// Programs that detect pastes by speed take an Enter that comes with the text for a line break.
const BEFORE_ENTER: Duration = Duration::from_millis(50);
/// A terminal gives 4 KiB at a time when there is so much.
const SMALL: usize = 256;
/// One may be the end of something large.
const FEW: usize = 4;
/// The system hands over what a program wrote in pieces of its own, one a moment after the other.
const WAIT: Duration = Duration::from_millis(1);
const MOST_WAITS: usize = 3;

/// What a session keeps, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Output, for clients that come back.
    pub ring: usize,
    /// Lines above the screen.
    pub scrollback: usize,
}

/// A program in its terminal.
pub struct Session {
    pty: Pty,
    screen: Screen,
    ring: Ring,
    input: VecDeque<Typed>,
    typed: Watch,
    tool: Option<ToolId>,
    plain_shell: bool,
    watcher: Watcher,
    started: Watch,
    /// The process group in front, and what it is.
    front: (Option<u32>, String, Option<ToolId>),
    native_id: Option<String>,
    exit_code: Option<i32>,
    closed: bool,
    /// The number of the first byte that was written for the present size.
    sized_at: u64,
}

/// Bytes on their way to the program.
struct Typed {
    bytes: VecDeque<u8>,
    pause: bool,
}

impl Session {
    /// Takes a program that has just been started in a terminal of that size (columns, rows); keeps
    /// what `limits` say for clients that come back. Its state is judged by the rules.
    pub fn new(
        pty: Pty,
        command: Vec<String>,
        tool: Option<ToolId>,
        size: (u16, u16),
        limits: Limits,
        rules: Vec<RuleFile>,
        version: Option<String>,
    ) -> Self {
        let plain_shell = status::plain_shell(&command);
        #[allow(unused_mut, reason = "builds for conformance suites change it")]
        let mut screen = Screen::with_scrollback(size.0, size.1, limits.scrollback);
        #[cfg(feature = "conformance")]
        screen.reveal();
        Self {
            pty,
            screen,
            ring: Ring::new(limits.ring),
            input: VecDeque::new(),
            typed: Watch::start(),
            tool,
            plain_shell,
            watcher: Watcher::new(rules, tool, version),
            started: Watch::start(),
            front: (None, String::new(), None),
            native_id: None,
            exit_code: None,
            closed: false,
            sized_at: 0,
        }
    }

    /// The terminal, to be polled and resized.
    pub fn pty(&self) -> &Pty {
        &self.pty
    }

    /// The picture.
    pub fn screen(&mut self) -> &mut Screen {
        &mut self.screen
    }

    /// How many bytes the program has written.
    pub fn seq(&self) -> u64 {
        self.ring.end()
    }

    /// Output from a number on, if it is all there and was written for the present size. Whoever has seen
    /// just what was written before the size changed may not have heard of the change, and the size may
    /// have gone and come back since: so that is not enough.
    pub fn since(&self, seq: u64) -> Option<Vec<u8>> {
        if seq <= self.sized_at { None } else { self.ring.since(seq) }
    }

    /// Adds what the program wrote to `out`, about so many bytes at most, and says whether small pieces were among
    /// it. With `patient` a few of those are enough for now, the program writes line by line; and more than the system
    /// has at hand is waited for. [`Self::take`] wants all of it.
    pub fn read(&mut self, most: usize, patient: bool, out: &mut Vec<u8>) -> bool {
        let before = out.len();
        let mut buffer = [0; 16 * 1024];
        let piece = most.min(buffer.len());
        let (mut small, mut waits) = (0, 0);
        while out.len() - before < most && !(patient && small >= FEW) {
            match self.pty.read(&mut buffer[..piece]) {
                Ok(0) => {
                    self.closed = true;
                    break;
                }
                Ok(n) => {
                    out.extend_from_slice(&buffer[..n]);
                    small += usize::from(n < SMALL);
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    waits += 1;
                    if !patient || waits > MOST_WAITS || !self.pty.has_more(WAIT) {
                        break;
                    }
                }
                Err(_) => {
                    self.closed = true;
                    break;
                }
            }
        }
        small >= FEW
    }

    /// Updates picture and history with what the program wrote, and types the answers to what it asked.
    pub fn take(&mut self, output: &[u8]) {
        self.screen.feed(output);
        self.ring.push(output);
        self.screen.take_notices().iter().for_each(|notice| self.watcher.heard(notice));
        self.watcher.wrote();
        let replies = self.screen.take_replies();
        if !self.input_full() {
            self.type_bytes(&replies);
        }
    }

    /// Whether nobody holds the terminal any more.
    pub fn closed(&self) -> bool {
        self.closed
    }

    /// Types bytes for a person; they wait until the program reads.
    pub fn type_for_person(&mut self, bytes: &[u8]) {
        self.watcher.typed(bytes);
        self.queue(bytes, false);
    }

    fn type_bytes(&mut self, bytes: &[u8]) {
        self.queue(bytes, false);
    }

    fn queue(&mut self, bytes: &[u8], pause: bool) {
        if bytes.is_empty() || self.exit_code.is_some() {
            return;
        }
        self.input.push_back(Typed { bytes: bytes.iter().copied().collect(), pause });
        self.write();
    }

    /// Whether the program lets so much input wait that clients must wait as well.
    pub fn input_full(&self) -> bool {
        self.input.iter().map(|t| t.bytes.len()).sum::<usize>() >= MOST_INPUT
    }

    /// Whether the terminal should be polled for room.
    pub fn wants_to_write(&self) -> bool {
        self.pause_left().is_some_and(|left| left.is_zero())
    }

    /// How long the input at the front still waits on purpose; `None` without input.
    pub fn pause_left(&self) -> Option<Duration> {
        let front = self.input.front()?;
        Some(if front.pause { BEFORE_ENTER.saturating_sub(self.typed.elapsed()) } else { Duration::ZERO })
    }

    /// Hands waiting input to the terminal, as far as it takes it.
    pub fn write(&mut self) {
        while self.wants_to_write() {
            let Some(front) = self.input.front_mut() else { return };
            match self.pty.write(front.bytes.make_contiguous()) {
                Ok(n) => {
                    front.bytes.drain(..n);
                    front.pause = false;
                    self.typed = Watch::start();
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                // The terminal is closed; nobody will read this.
                Err(_) => {
                    self.input.clear();
                    return;
                }
            }
            if front.bytes.is_empty() {
                self.input.pop_front();
            }
        }
    }

    /// Types what a person or script asked for.
    ///
    /// # Errors
    /// `refused` when the program has ended, does not read, or asks something (without `force`);
    /// `usage` for an unknown key.
    pub fn send(&mut self, send: &Send) -> Result<()> {
        let chords = send.keys.iter().map(|name| name.parse()).collect::<Result<Vec<Chord>>>()?;
        self.look();
        let verdict = self.watcher.verdict().0;
        match verdict.state {
            LiveState::Exited => return Err(Error::refused("the program of this session has ended")),
            LiveState::Blocked if !send.force => {
                return Err(Error::refused(format!("the program asks something: {}", verdict.evidence))
                    .hint("look with `sf session screen`, then send with --force"));
            }
            _ => {}
        }
        if self.input_full() {
            return Err(Error::refused("the program does not read what was typed before"));
        }
        let modes = self.screen.modes();
        let several = send.text.trim_end_matches('\n').contains('\n');
        let text = if several && modes.bracketed_paste {
            keys::paste(&send.text, modes)
        } else {
            send.text.replace("\r\n", "\r").replace('\n', "\r").into_bytes()
        };
        self.type_for_person(&text);
        for chord in chords {
            self.type_for_person(&chord.bytes(modes));
        }
        if send.enter {
            self.watcher.typed(b"\r");
            self.queue(b"\r", !send.text.is_empty());
        }
        Ok(())
    }

    /// Gives terminal and picture another size; `false` when they have it already.
    pub fn resize(&mut self, cols: u16, rows: u16) -> bool {
        let before = self.screen.size();
        self.screen.resize(cols, rows);
        let now = self.screen.size();
        if before == now {
            return false;
        }
        self.pty.resize(now.0, now.1);
        self.sized_at = self.seq();
        // Some programs asked to be told in their input.
        let replies = self.screen.take_replies();
        self.type_bytes(&replies);
        true
    }

    /// The program has ended.
    pub fn end(&mut self, exit_code: i32) {
        self.exit_code = Some(exit_code);
        self.input.clear();
        self.look();
    }

    /// The tool's own word of what it does.
    pub fn event(&mut self, event: Event) {
        if let Some(id) = &event.native_id {
            self.native_id = Some(id.clone());
        }
        self.watcher.event(event);
    }

    /// The tool's own id of the conversation, once it has told it.
    pub fn native_id(&self) -> Option<&str> {
        self.native_id.as_deref()
    }

    /// Other rules to judge by.
    pub fn learn(&mut self, rules: Vec<RuleFile>) {
        self.watcher.learn(rules);
    }

    /// In how long its state has to be looked at again, if nothing else happens.
    pub fn look_due(&self) -> Option<Duration> {
        self.watcher.due(self.started.elapsed())
    }

    /// Looks what it is doing; whether that is something else than before.
    pub fn look(&mut self) -> bool {
        let foreground = self.pty.foreground();
        let mut facts = Facts {
            exit_code: self.exit_code,
            plain_shell: self.plain_shell,
            pid: self.pty.pid(),
            foreground,
            front: String::new(),
        };
        if self.plain_shell && self.exit_code.is_none() {
            // A process has its shell's name until it becomes another program.
            let name = foreground.map(front_name).unwrap_or_default();
            if (self.front.0, &self.front.1) != (foreground, &name) {
                let tool = foreground.filter(|group| *group != facts.pid).and_then(front_tool);
                self.front = (foreground, name, tool);
                self.watcher.be(tool.or(self.tool));
            }
            facts.front.clone_from(&self.front.1);
            facts.plain_shell = self.front.2.is_none();
        }
        let title = self.screen.title().map(str::to_owned);
        self.watcher.look(self.started.elapsed(), title.as_deref(), self.screen.text(), &facts)
    }

    /// The state of the last look.
    pub fn state(&self) -> LiveState {
        self.watcher.verdict().0.state
    }

    /// Exit status, once it has ended.
    pub fn exit_code(&self) -> Option<i32> {
        self.exit_code
    }

    /// How it is.
    pub fn status(&mut self, clients: u32) -> Status {
        self.look();
        let (cols, rows) = self.screen.size();
        let (verdict, since) = self.watcher.verdict();
        let for_ms = self.started.elapsed().saturating_sub(since).as_millis();
        Status {
            state: verdict.state,
            rule: verdict.rule.clone(),
            evidence: verdict.evidence.clone(),
            exit_code: self.exit_code,
            clients,
            cols,
            rows,
            pid: self.pty.pid(),
            title: self.screen.title().map(str::to_owned),
            seq: self.seq(),
            for_ms: u64::try_from(for_ms).unwrap_or(u64::MAX),
            notice: self.watcher.notice().map(str::to_owned),
            calls: self.watcher.calls,
            native_id: self.native_id.clone(),
            rules: self.watcher.digest().to_owned(),
            shared: None,
        }
    }
}

fn front_name(group: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{group}/comm")).unwrap_or_default();
    name.trim().to_owned()
}

/// The tool that a process is.
fn front_tool(group: u32) -> Option<ToolId> {
    let line = std::fs::read(format!("/proc/{group}/cmdline")).ok()?;
    let words: Vec<String> =
        line.split(|b| *b == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    status::tool_of(&words)
}
