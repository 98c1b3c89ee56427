//! The integration tests: one binary, one module a topic.

#![allow(clippy::panic, reason = "a test fails by panicking")]

mod cli;
mod cockpit;
mod daemon;
mod faults;
mod fleet;
mod house;
mod job;
mod live;
mod pty;
mod screen;
mod setup;
mod support;
mod transcripts;
mod workspace;
