//! What goes over our own wires: framing and message types; pure encoding and decoding.

pub mod agent;
pub mod frame;
pub mod holder;
