//! What the user may set: settings, keymaps, themes. Loaded in layers, checked value by value; a
//! bad value is a notice, and the built-in one is used.

pub mod chord;
pub mod edit;
pub mod embed;
pub mod keymap;
pub mod layers;
pub mod prices;
pub mod settings;
pub mod theme;

pub use keymap::Keymap;
pub use layers::Notice;
pub use prices::Prices;
pub use settings::Settings;
pub use theme::Theme;
