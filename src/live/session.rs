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
use super::screen::keys::{self, Chord};
use super::screen::{Notice, Screen};
use super::status::{self, Evidence, Verdict};
use crate::error::{Error, Result};
use crate::model::ToolId;
use crate::model::live::LiveState;
use crate::sys::clock::Watch;
use crate::wire::holder::{Send, Status};

/// Lines above the screen that are kept as cells.
pub const HISTORY: usize = 1000;
/// A program that does not read gets no more than this typed ahead.
const MOST_INPUT: usize = 1024 * 1024;
/// Programs that detect pastes by speed take an Enter that comes with the text for a line break.
const BEFORE_ENTER: Duration = Duration::from_millis(50);
/// How much is read before clients get their turn.
const MOST_AT_ONCE: usize = 64 * 1024;

/// A program in its terminal.
pub struct Session {
    pty: Pty,
    screen: Screen,
    ring: Ring,
    input: VecDeque<Typed>,
    typed: Watch,
    command: Vec<String>,
    tool: Option<ToolId>,
    progress: Option<u8>,
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
    /// `ring` bytes of output for clients that come back.
    pub fn new(pty: Pty, command: Vec<String>, tool: Option<ToolId>, size: (u16, u16), ring: usize) -> Self {
        Self {
            pty,
            screen: Screen::with_scrollback(size.0, size.1, HISTORY),
            ring: Ring::new(ring),
            input: VecDeque::new(),
            typed: Watch::start(),
            command,
            tool,
            progress: None,
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

    /// Output from a number on, if it is all there and was written for the present size.
    pub fn since(&self, seq: u64) -> Option<Vec<u8>> {
        if seq < self.sized_at { None } else { self.ring.since(seq) }
    }

    /// Reads what the program wrote, updates picture and history, and types the answers to what it
    /// asked. Empty when there was nothing.
    pub fn read(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut buffer = [0; 16 * 1024];
        while out.len() < MOST_AT_ONCE {
            match self.pty.read(&mut buffer) {
                Ok(0) => {
                    self.closed = true;
                    break;
                }
                Ok(n) => out.extend_from_slice(&buffer[..n]),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {
                    self.closed = true;
                    break;
                }
            }
        }
        if !out.is_empty() {
            self.screen.feed(&out);
            self.ring.push(&out);
            for notice in self.screen.take_notices() {
                if let Notice::Progress(state, _) = notice {
                    self.progress = Some(state);
                }
            }
            let replies = self.screen.take_replies();
            if !self.input_full() {
                self.type_bytes(&replies);
            }
        }
        out
    }

    /// Whether nobody holds the terminal any more.
    pub fn closed(&self) -> bool {
        self.closed
    }

    /// Types bytes; they wait until the program reads.
    pub fn type_bytes(&mut self, bytes: &[u8]) {
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
        let verdict = self.judge();
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
        self.type_bytes(&text);
        for chord in chords {
            self.type_bytes(&chord.bytes(modes));
        }
        if send.enter {
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
        true
    }

    /// The program has ended.
    pub fn end(&mut self, exit_code: i32) {
        self.exit_code = Some(exit_code);
        self.input.clear();
    }

    /// Exit status, once it has ended.
    pub fn exit_code(&self) -> Option<i32> {
        self.exit_code
    }

    fn judge(&self) -> Verdict {
        status::judge(&Evidence {
            command: &self.command,
            tool: self.tool,
            pid: self.pty.pid(),
            foreground: self.pty.foreground(),
            title: self.screen.title(),
            progress: self.progress,
            exit_code: self.exit_code,
        })
    }

    /// How it is.
    pub fn status(&self, clients: u32) -> Status {
        let Verdict { state, rule, evidence } = self.judge();
        let (cols, rows) = self.screen.size();
        Status {
            state,
            rule: rule.to_owned(),
            evidence,
            exit_code: self.exit_code,
            clients,
            cols,
            rows,
            pid: self.pty.pid(),
            title: self.screen.title().map(str::to_owned),
            seq: self.seq(),
        }
    }
}
