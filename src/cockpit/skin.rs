//! A theme as styles, in colours that the terminal can show.

use ratatui::style::{Color, Modifier, Style};

use crate::config::theme::{self, Look, Role, Theme};
use crate::live::screen::xterm;
use crate::model::live::Rgb;
use crate::sys::Env;

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// None: `NO_COLOR` is set.
    None,
    /// Sixteen.
    Sixteen,
    /// 256.
    Indexed,
    /// RGB.
    True,
}

impl Depth {
    /// What the environment says: `NO_COLOR`, `COLORTERM`, `TERM`.
    pub fn of(env: &Env) -> Self {
        let term = env.get("TERM").unwrap_or_default();
        if env.get("NO_COLOR").is_some() {
            Self::None
        } else if matches!(env.get("COLORTERM"), Some("truecolor" | "24bit")) || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256color") {
            Self::Indexed
        } else {
            Self::Sixteen
        }
    }

    /// The nearest colour that can be shown.
    pub fn color(self, color: theme::Color) -> Color {
        match (self, color) {
            (Self::None, _) | (_, theme::Color::Default) => Color::Reset,
            (Self::Sixteen, theme::Color::Index(i)) if i >= 16 => Color::Indexed(sixteen(xterm(i))),
            (_, theme::Color::Index(i)) => Color::Indexed(i),
            (Self::True, theme::Color::Rgb(r, g, b)) => Color::Rgb(r, g, b),
            (Self::Indexed, theme::Color::Rgb(r, g, b)) => Color::Indexed(indexed([r, g, b])),
            (Self::Sixteen, theme::Color::Rgb(r, g, b)) => Color::Indexed(sixteen([r, g, b])),
        }
    }
}

fn distance(a: Rgb, b: Rgb) -> u32 {
    let [r, g, b] = [0, 1, 2].map(|i| u32::from(a[i].abs_diff(b[i])).pow(2));
    r * 3 + g * 6 + b
}

fn nearest(rgb: Rgb, range: std::ops::RangeInclusive<u8>) -> u8 {
    range.min_by_key(|i| distance(rgb, xterm(*i))).unwrap_or(0)
}

fn indexed(rgb: Rgb) -> u8 {
    nearest(rgb, 16..=255)
}

/// By hue rather than by distance alone: muted colours would all become grey.
fn sixteen([r, g, b]: Rgb) -> u8 {
    let (high, low) = (r.max(g).max(b), r.min(g).min(b));
    if high - low < 40 {
        return match high {
            0..=50 => 0,
            51..=140 => 8,
            141..=215 => 7,
            _ => 15,
        };
    }
    let middle = low + (high - low) / 2;
    let hue = u8::from(r > middle) | u8::from(g > middle) << 1 | u8::from(b > middle) << 2;
    if high > 200 { hue + 8 } else { hue }
}

/// The styles of every role.
#[derive(Clone, Debug)]
pub struct Skin {
    depth: Depth,
    styles: Vec<Style>,
}

impl Skin {
    /// A theme on a terminal.
    pub fn new(theme: &Theme, depth: Depth) -> Self {
        let styles = Role::ALL.iter().map(|role| style(*role, theme.look(*role), depth)).collect();
        Self { depth, styles }
    }

    /// The style of a role.
    pub fn get(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// The nearest colour that can be shown.
    pub fn color(&self, color: theme::Color) -> Color {
        self.depth.color(color)
    }
}

fn style(role: Role, look: Look, depth: Depth) -> Style {
    let mut style = Style::new();
    if depth != Depth::None {
        style.fg = look.fg.map(|c| depth.color(c));
        style.bg = look.bg.map(|c| depth.color(c));
    }
    // A background that cannot be shown must not leave what it marks unmarked.
    let marks = ["selection", "mode", "tab", "match.current", "diff.add.word", "diff.remove.word"]
        .iter()
        .any(|family| role.as_str().starts_with(family));
    let lost_bg = depth == Depth::None && marks && look.bg.is_some_and(|c| c != theme::Color::Default);
    for (on, modifier) in [
        (look.bold, Modifier::BOLD),
        (look.dim, Modifier::DIM),
        (look.italic, Modifier::ITALIC),
        (look.underline, Modifier::UNDERLINED),
        (look.reverse || lost_bg, Modifier::REVERSED),
    ] {
        if on {
            style = style.add_modifier(modifier);
        }
    }
    style
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_reduced_to_near_ones() {
        assert_eq!(Depth::Indexed.color(theme::Color::Rgb(255, 0, 0)), Color::Indexed(196));
        assert_eq!(Depth::Sixteen.color(theme::Color::Rgb(250, 20, 20)), Color::Indexed(9));
        assert_eq!(Depth::Sixteen.color(theme::Color::Index(232)), Color::Indexed(0));
        assert_eq!(Depth::Sixteen.color(theme::Color::Index(3)), Color::Indexed(3));
        assert_eq!(Depth::None.color(theme::Color::Index(3)), Color::Reset);
    }

    #[test]
    fn the_environment_says_what_can_be_shown() {
        let depth = |vars: &[(&str, &str)]| Depth::of(&Env::of(vars.iter().copied()));
        assert_eq!(depth(&[("TERM", "xterm-256color")]), Depth::Indexed);
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::True);
        assert_eq!(depth(&[("TERM", "linux")]), Depth::Sixteen);
        assert_eq!(depth(&[("COLORTERM", "truecolor"), ("NO_COLOR", "1")]), Depth::None);
    }
}
