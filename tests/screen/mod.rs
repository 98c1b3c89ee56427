//! The terminal on paper, held against others and against a conformance suite.

mod conformance;
mod pictures;
mod recordings;
