//! A terminal on paper: bytes of a program in, cells, modes and answers out.
//!
//! The only place that knows the emulator (vt100). In front of it a scanner rewrites the sequences
//! that it lacks; around it stand clamped sizes, contained panics and the answers to what programs
//! ask a terminal. Knows nothing of processes, sockets or runtimes; holder, attach client and
//! cockpit use it alike.

mod answers;
mod cell;
mod emulator;
pub mod keys;
mod outer;
mod scan;
mod sgr;
mod shared;
mod snapshot;

pub use answers::Notice;
pub use cell::{Cell, Color, Cursor, Modes, Mouse, MouseEncoding};
pub use emulator::Screen;
pub use outer::{Outward, RESTORE};
pub use shared::SharedScreen;

#[cfg(test)]
mod tests;
