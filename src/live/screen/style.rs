//! How cells look: each way once, cells hold its number.

use std::collections::HashMap;
use std::sync::Arc;

use super::cell::Color;
use super::grid::Grid;
use super::row::{CLUSTER, Slot, VALUE};

/// Bits of [`Style::flags`].
pub(super) mod flag {
    pub const BOLD: u16 = 1;
    pub const DIM: u16 = 1 << 1;
    pub const ITALIC: u16 = 1 << 2;
    pub const BLINK: u16 = 1 << 3;
    pub const INVERSE: u16 = 1 << 4;
    pub const HIDDEN: u16 = 1 << 5;
    pub const STRIKE: u16 = 1 << 6;
    pub const OVERLINE: u16 = 1 << 7;
    /// Not erased by selective erasure (DECSCA).
    pub const KEPT: u16 = 1 << 8;
    /// Not erased by plain erasure (SPA).
    pub const GUARDED: u16 = 1 << 9;
    /// All that SGR sets.
    pub const LOOK: u16 = 0xff;
}

/// One way to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Style {
    pub fg: Color,
    pub bg: Color,
    /// Colour of the underline.
    pub line: Color,
    pub flags: u16,
    /// 0 none, 1 plain, 2 double, 3 curly, 4 dotted, 5 dashed.
    pub underline: u8,
    /// Number of the link, 0 for none.
    pub link: u32,
}

impl Style {
    /// What erasing leaves: the colour behind.
    pub fn erased(self) -> Self {
        Self { bg: self.bg, ..Self::default() }
    }
}

/// Beyond this many, those that no cell has any more are dropped.
const MANY: usize = 4096;
/// A link that is longer is no link.
const LONGEST_LINK: usize = 4096;

/// Every style, cluster and link that some cell has.
#[derive(Clone, Debug)]
pub(super) struct Styles {
    styles: Vec<Style>,
    of_style: HashMap<Style, u32>,
    clusters: Vec<Arc<str>>,
    of_cluster: HashMap<Arc<str>, u32>,
    links: Vec<Arc<str>>,
    of_link: HashMap<Arc<str>, u32>,
    /// How many there may be before it is worth looking again.
    limit: usize,
}

impl Default for Styles {
    fn default() -> Self {
        Self {
            styles: vec![Style::default()],
            of_style: HashMap::from([(Style::default(), 0)]),
            clusters: Vec::new(),
            of_cluster: HashMap::new(),
            links: vec![Arc::from("")],
            of_link: HashMap::from([(Arc::from(""), 0)]),
            limit: MANY,
        }
    }
}

impl Styles {
    pub fn get(&self, number: u32) -> Style {
        self.styles.get(number as usize).copied().unwrap_or_default()
    }

    /// The number of a style.
    pub fn number(&mut self, style: Style) -> u32 {
        if let Some(number) = self.of_style.get(&style) {
            return *number;
        }
        let number = u32::try_from(self.styles.len()).unwrap_or(0);
        self.styles.push(style);
        self.of_style.insert(style, number);
        number
    }

    pub fn cluster(&self, number: u32) -> &str {
        self.clusters.get(number as usize).map_or("", |c| c)
    }

    /// The number of a cluster.
    pub fn cluster_number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.of_cluster.get(text) {
            return *number;
        }
        let number = u32::try_from(self.clusters.len()).unwrap_or(0);
        let text: Arc<str> = text.into();
        self.clusters.push(text.clone());
        self.of_cluster.insert(text, number);
        number
    }

    pub fn link(&self, number: u32) -> &str {
        self.links.get(number as usize).map_or("", |l| l)
    }

    /// The number of a link with its parameters (`params;address`); 0 when it is too long.
    pub fn link_number(&mut self, link: &str) -> u32 {
        if let Some(number) = self.of_link.get(link) {
            return *number;
        }
        if link.len() > LONGEST_LINK {
            return 0;
        }
        let number = u32::try_from(self.links.len()).unwrap_or(0);
        let link: Arc<str> = link.into();
        self.links.push(link.clone());
        self.of_link.insert(link, number);
        number
    }

    /// Whether so many have gathered that [`Self::sweep`] is due.
    pub fn crowded(&self) -> bool {
        self.styles.len().max(self.clusters.len()).max(self.links.len()) > self.limit
    }

    /// Drops those that neither a cell nor a pen has any more, and gives the others new numbers.
    pub fn sweep(&mut self, grids: [&mut Grid; 2], pens: [&mut Style; 3]) {
        let mut new = Self::default();
        let mut renumber = |slot: &mut Slot| {
            let mut style = self.get(slot.style);
            style.link = new.link_number(self.link(style.link));
            slot.style = new.number(style);
            if slot.glyph & CLUSTER != 0 {
                let number = new.cluster_number(self.cluster(slot.glyph & VALUE));
                slot.glyph = slot.glyph & !VALUE | number & VALUE;
            }
        };
        for grid in grids {
            grid.each_slot(&mut renumber);
        }
        for pen in pens {
            pen.link = new.link_number(self.link(pen.link));
        }
        let most = new.styles.len().max(new.clusters.len()).max(new.links.len());
        new.limit = MANY.max(2 * most);
        *self = new;
    }
}
