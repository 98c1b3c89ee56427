//! Verbs that only make sense on the cockpit's screen: they are of the same grammar, so that a key
//! or a palette line can say them, and every other door refuses them.

use serde::de::DeserializeOwned;

use self::args::{Copy, Fill, Find, Focus, Form, Go, Jump, Mouse, Next, Previous, Sort, Toggle};
use super::line::Parsed;
use crate::engine::contract::Body;
use crate::error::{Error, Result};

/// Their arguments.
pub mod args {
    use serde::{Deserialize, Serialize};

    /// Declares a verb without arguments; its docstring is its description.
    macro_rules! bare {
        ($($(#[$doc:meta])* $name:ident,)*) => { $(
            $(#[$doc])*
            #[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
            pub struct $name {}
        )* };
    }

    bare! {
        /// Go back: close, clear the filter, leave the stage.
        Back,
        /// Interrupt the command that runs.
        Cancel,
        /// Filter the list, fuzzily; on a transcript, look for a text in it.
        Filter,
        /// Show every key.
        Keys,
        /// Show what went wrong so far.
        Notices,
        /// Open what is selected.
        Open,
        /// Show the last command and its result; again, the one before it.
        Output,
        /// Choose a command, or type one.
        Palette,
        /// Leave the cockpit; live sessions go on.
        Quit,
        /// Draw the screen anew.
        Redraw,
        /// Choose text on the stage, scrollback included, and copy it.
        Select,
        /// Stop and give the terminal back; `fg` comes back here.
        Suspend,
        /// Give the stage the whole screen, or take it back.
        Zoom,
    }

    /// Move the focus to a pane.
    #[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
    pub struct Focus {
        /// The pane.
        pub pane: Pane,
    }

    /// A pane of the screen, or which way it lies.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Pane {
        /// The list of hosts.
        Hosts,
        /// The tree of features.
        Features,
        /// The live sessions.
        Live,
        /// The transcripts.
        Transcripts,
        /// The stage.
        Stage,
        /// The one after the focused one.
        Next,
        /// The one before it.
        Previous,
    }

    /// Move in the list, or scroll the stage.
    #[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
    pub struct Go {
        /// Where to.
        pub to: To,
    }

    /// Where to move.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum To {
        /// One up.
        Up,
        /// One down.
        Down,
        /// Out: fold, or back to the lists.
        Left,
        /// In: unfold, or on to the stage.
        Right,
        /// A page up.
        Pageup,
        /// A page down.
        Pagedown,
        /// The beginning.
        Top,
        /// The end.
        Bottom,
    }

    /// Go to the next session that needs somebody, or on in a transcript or a difference.
    #[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
    pub struct Next {
        /// What kind of thing.
        #[arg(default_value = "waiting")]
        pub kind: Kind,
    }

    /// Go back to the last one of a kind, in a transcript or a difference.
    #[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
    pub struct Previous {
        /// What kind of thing.
        pub kind: Kind,
    }

    /// What `next` and `previous` go to.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Kind {
        /// A session that needs somebody.
        Waiting,
        /// What a person wrote.
        Prompt,
        /// Another speaker.
        Message,
        /// A call of a tool.
        Call,
        /// A piece of code.
        Code,
        /// What was looked for.
        Hit,
        /// A file of a difference.
        File,
    }

    /// Go to a message of the transcript by its number.
    #[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
    pub struct Jump {
        /// The number, from 1.
        #[arg(value_name = "NUMBER")]
        pub number: u64,
    }

    /// Copy the name or path of what is selected, or a part of the transcript.
    #[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
    pub struct Copy {
        /// Which part.
        pub part: Option<Part>,
    }

    /// A part of a transcript.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Part {
        /// The message that is read.
        Message,
        /// The piece of code that is read, or the next one below.
        Code,
    }

    /// Fold or unfold: a feature, a call, reasoning, a sub-agent.
    #[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
    pub struct Toggle {
        /// All of these, instead of the one that is selected.
        pub every: Option<Every>,
    }

    /// What is folded and unfolded together.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Every {
        /// Everything.
        All,
        /// Calls of tools.
        Calls,
        /// Reasoning.
        Reasoning,
        /// Sub-agents.
        Agents,
    }

    /// Search all transcripts, with results as you type.
    #[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
    pub struct Find {
        /// What to begin with.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        #[serde(default)]
        pub text: Vec<String>,
    }

    /// Sort the list of transcripts.
    #[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
    pub struct Sort {
        /// By what; without it, by the next of these.
        pub by: Option<By>,
    }

    /// What transcripts are sorted by, the largest first.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum By {
        /// The last message.
        #[default]
        Updated,
        /// The first message.
        Created,
        /// The number of messages.
        Messages,
        /// What it cost.
        Cost,
    }

    impl By {
        /// Its name.
        pub const fn as_str(self) -> &'static str {
            match self {
                Self::Updated => "updated",
                Self::Created => "created",
                Self::Messages => "messages",
                Self::Cost => "cost",
            }
        }

        /// The one after it.
        #[must_use]
        pub const fn next(self) -> Self {
            match self {
                Self::Updated => Self::Created,
                Self::Created => Self::Messages,
                Self::Messages => Self::Cost,
                Self::Cost => Self::Updated,
            }
        }
    }

    /// Turn the mouse on or off; off leaves it to the terminal, to select text.
    #[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
    pub struct Mouse {
        /// on or off; without it, the other one.
        pub state: Option<Switch>,
    }

    /// On or off.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Switch {
        /// On.
        On,
        /// Off.
        Off,
    }

    /// Fill a command in as a form, with what a line says of it already.
    #[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
    pub struct Form {
        /// The line.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        pub line: Vec<String>,
    }

    /// Open the palette with the beginning of a line in it.
    #[derive(Clone, Debug, clap::Args, Serialize, Deserialize)]
    pub struct Fill {
        /// The line.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        pub line: Vec<String>,
    }
}

/// What the cockpit is told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// See [`args::Back`].
    Back,
    /// See [`args::Cancel`].
    Cancel,
    /// See [`args::Copy`].
    Copy(Option<args::Part>),
    /// See [`args::Fill`].
    Fill(Vec<String>),
    /// See [`args::Find`].
    Find(String),
    /// See [`args::Filter`].
    Filter,
    /// See [`args::Form`].
    Form(Vec<String>),
    /// See [`args::Focus`].
    Focus(args::Pane),
    /// See [`args::Go`].
    Go(args::To),
    /// See [`args::Jump`].
    Jump(u64),
    /// See [`args::Keys`].
    Keys,
    /// See [`args::Mouse`].
    Mouse(Option<args::Switch>),
    /// See [`args::Next`].
    Next(args::Kind),
    /// See [`args::Notices`].
    Notices,
    /// See [`args::Open`].
    Open,
    /// See [`args::Output`].
    Output,
    /// See [`args::Palette`].
    Palette,
    /// See [`args::Previous`].
    Previous(args::Kind),
    /// See [`args::Quit`].
    Quit,
    /// See [`args::Redraw`].
    Redraw,
    /// See [`args::Select`].
    Select,
    /// See [`args::Sort`].
    Sort(Option<args::By>),
    /// See [`args::Suspend`].
    Suspend,
    /// See [`args::Toggle`].
    Toggle(Option<args::Every>),
    /// See [`args::Zoom`].
    Zoom,
}

impl Action {
    /// The action of a line that is a verb of the screen; `None` when it is a command.
    ///
    /// # Errors
    /// `internal` when the table has a verb that is not known here.
    pub fn of(parsed: &Parsed) -> Result<Option<Self>> {
        if !matches!(parsed.entry.body, Body::Screen) {
            return Ok(None);
        }
        fn read<A: DeserializeOwned>(parsed: &Parsed) -> Result<A> {
            Ok(serde_json::from_value(serde_json::Value::Object(parsed.args.clone()))?)
        }
        Ok(Some(match parsed.entry.name {
            "back" => Self::Back,
            "cancel" => Self::Cancel,
            "copy" => Self::Copy(read::<Copy>(parsed)?.part),
            "fill" => Self::Fill(read::<Fill>(parsed)?.line),
            "filter" => Self::Filter,
            "form" => Self::Form(read::<Form>(parsed)?.line),
            "find" => Self::Find(super::line::join(&read::<Find>(parsed)?.text)),
            "focus" => Self::Focus(read::<Focus>(parsed)?.pane),
            "go" => Self::Go(read::<Go>(parsed)?.to),
            "jump" => Self::Jump(read::<Jump>(parsed)?.number),
            "keys" => Self::Keys,
            "mouse" => Self::Mouse(read::<Mouse>(parsed)?.state),
            "next" => Self::Next(read::<Next>(parsed)?.kind),
            "notices" => Self::Notices,
            "open" => Self::Open,
            "output" => Self::Output,
            "palette" => Self::Palette,
            "previous" => Self::Previous(read::<Previous>(parsed)?.kind),
            "quit" => Self::Quit,
            "redraw" => Self::Redraw,
            "select" => Self::Select,
            "sort" => Self::Sort(read::<Sort>(parsed)?.by),
            "suspend" => Self::Suspend,
            "toggle" => Self::Toggle(read::<Toggle>(parsed)?.every),
            "zoom" => Self::Zoom,
            other => return Err(Error::internal(format!("`{other}` is no verb of the screen"))),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::line;
    use crate::command::table::Table;
    use crate::engine::Catalog;

    #[test]
    fn every_verb_of_the_table_is_an_action() {
        for entry in Table.entries().iter().filter(|e| matches!(e.body, Body::Screen)) {
            let words: &[&str] = match entry.name {
                "focus" => &["focus", "hosts"],
                "go" => &["go", "up"],
                "fill" => &["fill", "host", "add"],
                "form" => &["form", "host", "add"],
                "jump" => &["jump", "7"],
                "previous" => &["previous", "prompt"],
                name => &[name],
            };
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            let parsed = line::parse(&words).unwrap_or_else(|_| panic!("{}", entry.name));
            assert!(Action::of(&parsed).expect(entry.name).is_some());
        }
    }
}
