//! Stores that are almost right: what the tools really wrote, with something wrong in each input.
//! Whatever it is, nothing panics, no message is empty or hangs in the air, and a second look finds
//! nothing new. `PROPTEST_CASES` says how many inputs each reader gets; the data limit of the
//! process (`ulimit -d`, in `tests/run --slow`) bounds what a reader may allocate.

mod change;
mod files;
mod rows;
mod tape;
