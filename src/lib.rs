//! # Session Forge
//!
//! One engine with several doors. This page is the map of the house; `tests/house` holds the code
//! to it.
//!
//! | layer | may import |
//! | --- | --- |
//! | `error` | `model` |
//! | `model` | `error` |
//! | `sys` | `model`, `error` |
//! | `wire` | `model`, `error` |
//! | `safety` | `model`, `error` |
//! | `config` | `sys`, `model`, `error` |
//! | `store` | `sys`, `model`, `error` |
//! | `fleet` | `wire`, `config`, `sys`, `model`, `error` |
//! | `tool` | `store::foreign`, `wire`, `config`, `sys`, `model`, `error` |
//! | `workspace` | `fleet`, `tool`, `safety`, `wire`, `config`, `sys`, `model`, `error` |
//! | `live` | `fleet`, `tool`, `safety`, `wire`, `config`, `sys`, `model`, `error` |
//! | `transcript` | `fleet`, `tool`, `safety`, `wire`, `config`, `sys`, `model`, `error` |
//! | `engine` | `workspace`, `live`, `transcript`, `fleet`, `tool`, `store`, `safety`, `wire`, `config`, `sys`, `model`, `error` |
//! | `command` | `engine`, `workspace`, `live`, `transcript`, `fleet`, `tool`, `store`, `safety`, `wire`, `config`, `sys`, `model`, `error` |
//! | `door` | `command`, `engine`, `live`, `fleet`, `config`, `wire`, `sys`, `model`, `error` |
//! | `cockpit` | `command`, `engine`, `live::screen`, `live::client`, `fleet`, `wire::holder`, `config`, `sys`, `model`, `error` |
//!
//! Packages with one owner:
//!
//! | package | owner |
//! | --- | --- |
//! | `rusqlite` | `store` |
//! | `openssh` | `fleet/ssh` |
//! | `portable_pty` | `live/pty` |
//! | `filedescriptor` | `live/pty` |
//! | `vt100` | `live/screen` |
//! | `ratatui` | `cockpit` |
//! | `crossterm` | `cockpit` |
//! | `termina` | `cockpit` |
//! | `tui_textarea` | `cockpit` |
//! | `tar` | `transcript/archive` |
//! | `flate2` | `transcript/archive` |
//! | `pulldown_cmark` | `cockpit/stage/markdown` |
//! | `similar` | `cockpit/stage/edits` |
//! | `syntect` | `cockpit/syntax` |
//! | `two_face` | `cockpit/syntax` |

pub mod cockpit;
pub mod command;
pub mod config;
pub mod door;
pub mod engine;
pub mod error;
pub mod fleet;
pub mod live;
pub mod model;
pub mod store;
pub mod sys;
pub mod tool;
pub mod transcript;
pub mod wire;
pub mod workspace;
