//! The full-screen door.
//!
//! ```text
//!  terminal --> input --> Msg --> update(&mut State, Msg) -> Vec<Effect> --> run does them
//!  engine  --------------> Msg::Job, Msg::Data                    | submit, cancel, attach, copy, quit
//!                                                                 v
//!                             view(&State, &Skin, &mut Buffer) <-- newest state only; at most one
//!                             picture per 16 ms, none while the last is still being written
//! ```
//!
//! `update` is synchronous and total, `view` changes nothing, and only `run` touches the world. A
//! terminal's bytes never pass through `update`: the attached client feeds a screen of its own, and
//! `view` reads the newest.
//!
//! Keys, the session that is shown, and drawing share one thread with a runtime of its own, so that no thread has to
//! wake another between a key and its echo. Everything else runs on the engine's.

mod act;
mod amount;
mod ask;
mod attach;
mod attention;
pub mod book;
mod clipboard;
mod complete;
mod dropped;
pub mod effect;
mod extra;
mod fill;
mod hints;
mod input;
pub mod job;
pub mod keys;
pub mod layout;
pub mod list;
pub mod msg;
mod outcome;
pub mod overlay;
mod pace;
mod paint;
mod pane;
mod pointer;
mod query;
mod refresh;
mod run;
pub mod shelf;
mod signals;
pub mod skin;
pub mod stage;
pub mod state;
pub mod subject;
pub mod syntax;
mod table;
mod talk;
pub mod template;
mod term;
mod text;
pub mod update;
pub mod view;

pub use run::run;
