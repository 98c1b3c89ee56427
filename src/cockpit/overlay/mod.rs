//! What lies over the screen: palette, forms, questions, help. A stack; keys go to the topmost.

mod confirm;
mod form;
mod help;
mod notices;
mod palette;
mod picker;
mod search;
mod select;
mod textbox;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub use confirm::{Confirm, Then};
pub use form::Form;
pub use help::Help;
pub use notices::Notices;
pub use palette::Palette;
pub use picker::{Choice, Picker};
pub use search::{Search, found_words};
pub use select::{Lines, Select};
pub use textbox::TextBox;

use super::effect::Effect;
use super::keys::Keys;
use super::skin::Skin;
use super::state::State;
use super::text;
use crate::config::chord::Chord;
use crate::config::theme::Role;
use crate::model::snapshot::Snapshot;
use crate::model::transcript::Hit;

/// Something over the screen.
#[derive(Debug)]
pub enum Overlay {
    /// Every command.
    Palette(Palette),
    /// The arguments of one command.
    Form(Box<Form>),
    /// A question of a command.
    Confirm(Confirm),
    /// Every key.
    Help(Help),
    /// What goes into a slot.
    Picker(Picker),
    /// What went wrong so far.
    Notices(Notices),
    /// Text of the stage, to be copied.
    Select(Select),
    /// All transcripts.
    Search(Box<Search>),
}

/// What an overlay makes of a key.
#[derive(Debug)]
pub enum Verdict {
    /// It goes on.
    Stay,
    /// It is done with.
    Close,
    /// It is done with, and this line is to be run.
    Run(Vec<String>),
    /// This choice was made.
    Picked(Vec<String>),
    /// The answer is yes or no.
    Answer(bool),
    /// It is done with, and this text is to be copied.
    Copy(String),
    /// It goes on, and this is to be done for it.
    Do(Effect),
    /// It is done with, and this one of the hits is to be shown.
    Hit(Vec<Hit>, usize),
}

/// What an overlay may look at.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// Keys and commands.
    pub keys: &'a Keys,
    /// The picture of the world.
    pub data: &'a Snapshot,
    /// Names in the ssh configuration.
    pub aliases: &'a [String],
    /// How far notices can be scrolled.
    pub notices: usize,
}

impl Overlay {
    /// The mode word.
    pub const fn mode(&self) -> &'static str {
        match self {
            Self::Palette(_) => "PALETTE",
            Self::Form(_) => "FORM",
            Self::Confirm(_) => "CONFIRM",
            Self::Help(_) => "HELP",
            Self::Picker(_) => "CHOOSE",
            Self::Notices(_) => "NOTICES",
            Self::Select(_) => "COPY",
            Self::Search(_) => "SEARCH",
        }
    }

    /// Takes a key.
    pub fn key(&mut self, chord: Chord, world: World<'_>) -> Verdict {
        match self {
            Self::Palette(palette) => palette.key(chord, world),
            Self::Form(form) => form.key(chord, world),
            Self::Confirm(confirm) => confirm.key(chord),
            Self::Help(help) => help.key(chord),
            Self::Picker(picker) => picker.key(chord),
            Self::Notices(notices) => notices.key(chord, world.notices),
            Self::Select(select) => select.key(chord),
            Self::Search(search) => search.key(chord),
        }
    }

    /// Takes pasted text; gives what is to be done for it.
    pub fn paste(&mut self, text: &str, world: World<'_>) -> Option<Effect> {
        match self {
            Self::Search(search) => return search.paste(text),
            Self::Palette(palette) => palette.paste(text, world),
            Self::Form(form) => form.paste(text, world),
            Self::Picker(picker) => picker.paste(text),
            Self::Confirm(_) | Self::Help(_) | Self::Notices(_) | Self::Select(_) => {}
        }
        None
    }

    /// Draws it over what is there.
    pub fn view(&self, state: &State, skin: &Skin, screen: Rect, buf: &mut Buffer) {
        match self {
            Self::Palette(palette) => palette.view(skin, screen, buf),
            Self::Form(form) => form.view(skin, screen, buf),
            Self::Confirm(confirm) => confirm.view(skin, screen, buf),
            Self::Help(help) => help.view(state, skin, screen, buf),
            Self::Picker(picker) => picker.view(skin, screen, buf),
            Self::Notices(notices) => notices.view(state, skin, screen, buf),
            Self::Search(search) => search.view(state, skin, screen, buf),
            Self::Select(select) => {
                if let Some(area) = state.layout().stage {
                    select.view(skin, area.intersection(screen), buf);
                }
            }
        }
    }
}

/// A box of at most this size in the middle of the upper part of the screen, cleared and framed;
/// gives the place inside.
fn frame(title: &str, skin: &Skin, screen: Rect, size: (u16, u16), buf: &mut Buffer) -> Rect {
    let width = size.0.saturating_add(4).min(screen.width);
    let height = size.1.saturating_add(2).min(screen.height);
    let x = screen.x + (screen.width - width) / 2;
    let y = screen.y + (screen.height - height) / 3;
    let area = Rect { x, y, width, height };
    let plain = skin.get(Role::Text).patch(skin.get(Role::Overlay));
    for row in area.rows() {
        for at in row.positions() {
            if let Some(cell) = buf.cell_mut(at) {
                cell.reset();
                cell.set_style(plain);
            }
        }
    }
    if width < 6 || height < 3 {
        return area;
    }
    let border = skin.get(Role::OverlayBorder);
    let title = text::fit(title, usize::from(width) - 6);
    let dashes = usize::from(width) - 5 - text::width(&title);
    text::put(buf, x, y, "┌─ ", border, width);
    let used = text::put(buf, x + 3, y, &title, skin.get(Role::TitleFocus), width - 5);
    text::put(buf, x + 3 + used, y, &format!(" {}┐", "─".repeat(dashes)), border, width);
    for side in y + 1..y + height - 1 {
        text::put(buf, x, side, "│", border, 1);
        text::put(buf, x + width - 1, side, "│", border, 1);
    }
    let bottom = format!("└{}┘", "─".repeat(usize::from(width) - 2));
    text::put(buf, x, y + height - 1, &bottom, border, width);
    Rect { x: x + 2, y: y + 1, width: width - 4, height: height - 2 }
}
