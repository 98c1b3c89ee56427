//! The only door to the machine that we run on: environment, clock, folders, files, processes,
//! locks, hashes, randomness and the terminal. Everything above takes what it needs from here, so that a
//! test can seal it.

pub mod clock;
pub mod env;
pub mod files;
pub mod hash;
pub mod lock;
pub mod memory;
pub mod paths;
pub mod polled;
pub mod proc;
pub mod random;
pub mod socket;
pub mod tty;
pub mod turns;
pub mod watch;

pub use clock::Clock;
pub use env::Env;
pub use paths::Paths;
