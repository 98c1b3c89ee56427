//! Verbs that only make sense on the cockpit's screen: they are of the same grammar, so that a key
//! or a palette line can say them, and every other door refuses them.

/// Their arguments.
pub mod args {
    use serde::{Deserialize, Serialize};

    /// A verb without arguments.
    #[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
    pub struct None {}

    /// Moves the focus to a pane.
    #[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
    pub struct Focus {
        /// hosts, features, live, transcripts or stage.
        pub pane: String,
    }
}
