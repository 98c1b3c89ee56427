//! Long-running parts that use several domains. One that fails is tried again and takes nothing
//! else with it.

pub mod daemon;
pub mod health;
pub(super) mod live;
