//! Long-running parts that use several domains. One that fails is tried again and takes nothing
//! else with it.

pub mod daemon;
pub(super) mod live;
