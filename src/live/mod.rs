//! Live sessions: programs in a PTY, each kept by a holder process of its own that outlives every
//! client, agent, link and upgrade.
//!
//! ```text
//! client (attach, cockpit, session …)                      one process per session
//!    client.rs  ---- bytes: this host, or ssh and agent ----  holder  ---- PTY ----  program
//!    serve.rs   starts holders, lists them, opens their sockets; runs where the sessions are
//! ```

pub mod attach;
pub mod audit;
pub mod client;
pub mod holder;
pub mod hook;
pub mod pty;
pub mod put;
pub mod record;
pub mod ring;
pub mod screen;
pub mod serve;
pub mod service;
pub mod session;
pub mod share;
pub mod status;
