//! What the user may set: settings, keymaps, themes. Loaded in layers, checked value by value; a
//! bad value is a notice, and the built-in one is used.

pub mod layers;
pub mod settings;

pub use layers::Notice;
pub use settings::Settings;
