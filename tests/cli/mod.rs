//! The plain command line and batch, by the real program.

mod bad_input;
pub mod batch;
mod form;
