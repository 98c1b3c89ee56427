//! A terminal on paper: bytes of a program in, cells, modes and answers out.
//!
//! The only place that knows what a terminal does. Knows nothing of processes, sockets or runtimes;
//! holder, attach client and cockpit use it alike.
//!
//! ```text
//! bytes --> parse ---- text, controls, sequences ---> term  (cursor, pen, margins, modes)
//!                                                       |-- commands cursor erase rect sgr osc answers
//!                                                       '-- page: grid of rows (+ reflow), history packed
//! emulator: Screen, the outside: clamped sizes, contained panics, cells to draw
//! snapshot: the whole state as bytes for another screen; outer: what may reach a real terminal
//! ```
//!
//! The emulator is our own. It began as the vt100 crate with a scanner in front, and that did not carry:
//! measured (`benches/screen.rs`), the crate takes 1.7 us for each line that scrolls (0.57 million a second; this
//! one 13 to 20 million), 32 bytes for each cell of history (this one mostly 1, up to the last that was written),
//! never wraps lines anew, and keeps to itself what left and right margins, protected cells, links, curly lines
//! and snapshots need. What vt100 does well is to read plain output independently: it stands beside the tests
//! as a second opinion, on which the screens of both must agree.
mod answers;
mod cell;
mod changes;
mod charset;
mod commands;
mod cursor;
mod emulator;
mod erase;
mod grid;
mod history;
pub mod keys;
mod modes;
pub mod mouse;
mod osc;
mod outer;
mod palette;
mod parse;
mod rect;
mod reflow;
mod report;
mod row;
mod scan;
mod sgr;
mod shared;
mod snapshot;
mod style;
mod term;

pub use cell::{Cell, Color, Cursor, Modes, Mouse, MouseEncoding, Text};
pub use emulator::Screen;
pub use outer::{Outward, RESTORE};
pub use palette::{parse as parse_color, xterm};
pub use report::Notice;
pub use shared::SharedScreen;

#[cfg(test)]
mod tests;
