//! What goes over our own wires: framing and message types; pure encoding and decoding.

pub mod frame;
pub mod holder;
