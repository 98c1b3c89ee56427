//! What sf leaves with the AI tools: hooks that report what they do, and /sf-pause and /sf-resume.

mod ask;

pub mod install;
pub mod list;
pub mod uninstall;
