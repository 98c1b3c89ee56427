//! Live sessions: real programs in real terminals, kept by real holders.

mod attach;
mod commands;
mod faults;
mod holder;
mod hooks;
mod paste;
mod picture;
pub mod random;
mod remote;
mod service;
mod share;
mod start;
mod status;
mod terminal;
