//! Where everything is on a screen of a given size. Pure arithmetic; any size will do.

use ratatui::layout::{Position, Rect};

use super::state::Pane;

/// From this width on the panes stand beside the stage.
pub const WIDE: u16 = 100;
const WIDE_HEIGHT: u16 = 10;

/// The places on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The tab strip of a narrow screen.
    pub strip: Option<Rect>,
    /// The frame around the panes of a wide screen.
    pub column: Option<Rect>,
    /// The row of each pane's title in that frame.
    pub titles: [Option<Rect>; 4],
    /// The rows of each pane.
    pub panes: [Option<Rect>; 4],
    /// The frame around the stage of a wide screen, or its title's row.
    pub frame: Option<Rect>,
    /// The stage.
    pub stage: Option<Rect>,
    /// The last row.
    pub status: Option<Rect>,
}

/// What decides on the places.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Columns of the terminal.
    pub width: u16,
    /// Rows of the terminal.
    pub height: u16,
    /// The pane that has the focus.
    pub focus: Pane,
    /// The list that had it last.
    pub list: Pane,
    /// Whether the stage has everything.
    pub zoom: bool,
    /// Rows of the list of hosts.
    pub hosts: usize,
}

impl Layout {
    /// Arranges a screen.
    pub fn of(shape: Shape) -> Self {
        let Shape { width, height, .. } = shape;
        let mut layout = Self::default();
        if width == 0 || height == 0 {
            return layout;
        }
        let mut body = Rect::new(0, 0, width, height);
        if height >= 2 {
            layout.status = Some(Rect::new(0, height - 1, width, 1));
            body.height -= 1;
        }
        if shape.zoom {
            layout.bare_stage(body);
        } else if width >= WIDE && body.height >= WIDE_HEIGHT {
            layout.wide(body, shape);
        } else {
            layout.narrow(body, shape.focus);
        }
        layout
    }

    /// The size that the stage has, or would have if it had the focus.
    pub fn stage_size(shape: Shape) -> (u16, u16) {
        let stage = Self::of(Shape { focus: Pane::Stage, ..shape }).stage.unwrap_or_default();
        (stage.width.max(1), stage.height.max(1))
    }

    fn wide(&mut self, body: Rect, shape: Shape) {
        let left = (body.width * 3 / 10).clamp(34, 60);
        let column = Rect { width: left, ..body };
        self.column = Some(column);
        let rows = share(usize::from(body.height.saturating_sub(5)), shape.hosts, shape.list);
        let mut y = column.y;
        for (i, rows) in rows.into_iter().enumerate() {
            self.titles[i] = Some(Rect { y, height: 1, ..column });
            let inner = Rect::new(column.x + 1, y + 1, left - 2, rows);
            self.panes[i] = (rows > 0).then_some(inner);
            y += 1 + rows;
        }
        let frame = Rect { x: left, width: body.width - left, ..body };
        self.frame = Some(frame);
        self.stage = Some(Rect::new(frame.x + 1, frame.y + 1, frame.width - 2, frame.height - 2));
    }

    fn narrow(&mut self, mut body: Rect, focus: Pane) {
        if body.height >= 2 {
            self.strip = Some(Rect { height: 1, ..body });
            body.y += 1;
            body.height -= 1;
        }
        match focus.index() {
            Some(i) => self.panes[i] = Some(body),
            None => self.bare_stage(body),
        }
    }

    /// A stage without a frame, with its title in the first row.
    fn bare_stage(&mut self, mut body: Rect) {
        if body.height >= 3 {
            self.frame = Some(Rect { height: 1, ..body });
            body.y += 1;
            body.height -= 1;
        }
        self.stage = Some(body);
    }

    /// The pane at a place.
    pub fn pane_at(&self, col: u16, row: u16) -> Option<Pane> {
        let at = Position::new(col, row);
        let lists = Pane::LISTS.into_iter().enumerate();
        let inside = |rect: Option<Rect>| rect.is_some_and(|r| r.contains(at));
        for (i, pane) in lists {
            if inside(self.panes[i]) || inside(self.titles[i]) {
                return Some(pane);
            }
        }
        (inside(self.stage) || inside(self.frame)).then_some(Pane::Stage)
    }
}

/// Rows of the four panes. They do not follow what comes and goes in them, or the screen would
/// never stand still; only hosts, of which there are few, take no more than they need. Too little
/// for four goes to one.
fn share(rows: usize, hosts: usize, list: Pane) -> [u16; 4] {
    let mut shares = [0; 4];
    if rows < 8 {
        shares[list.index().unwrap_or(0)] = rows;
    } else {
        shares[0] = hosts.clamp(2, (rows / 4).max(2));
        let rest = rows - shares[0];
        shares[1] = (rest * 2 / 5).max(2);
        shares[2] = (rest * 3 / 10).max(2);
        shares[3] = rest - shares[1] - shares[2];
    }
    shares.map(|n| u16::try_from(n).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lie_on_the_screen_and_never_over_one_another() {
        for width in [1, 2, 40, 60, 99, 100, 120, 200, 1000] {
            for height in 1..60 {
                for focus in Pane::ALL {
                    for zoom in [false, true] {
                        let shape = Shape { width, height, focus, list: Pane::Live, zoom, hosts: 3 };
                        let layout = Layout::of(shape);
                        let mut places: Vec<Rect> = layout.panes.into_iter().flatten().collect();
                        places.extend([layout.strip, layout.stage, layout.status].into_iter().flatten());
                        places.extend(layout.titles.into_iter().flatten());
                        let screen = Rect::new(0, 0, width, height);
                        for (i, a) in places.iter().enumerate() {
                            assert!(a.area() > 0 && screen.union(*a) == screen, "{shape:?} {a:?}");
                            for b in &places[i + 1..] {
                                assert!(!a.intersects(*b), "{shape:?} {a:?} {b:?}");
                            }
                        }
                    }
                }
            }
        }
    }
}
