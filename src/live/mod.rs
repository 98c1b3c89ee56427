//! Live sessions: programs in a PTY, each kept by a holder process of its own that outlives every
//! client, agent, link and upgrade.

pub mod screen;
