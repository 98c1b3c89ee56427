//! A screen as an SVG picture.

use std::fmt::Write;

use session_forge::live::screen::{Cell, Color, Screen};

/// Width and height of a cell, in user units of the picture.
const CELL: (f32, f32) = (8.4, 18.0);

/// The sixteen colours of the picture's terminal.
const PALETTE: [&str; 16] = [
    "#1b1f27", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4", "#5c6370",
    "#f2868e", "#b5e090", "#f5d58b", "#82c4ff", "#dd97f0", "#78d3de", "#ffffff",
];

/// Draws every cell: backgrounds as rectangles, runs of one style as texts.
pub fn svg(screen: &Screen) -> String {
    let (cols, rows) = screen.size();
    let (width, height) = (f32::from(cols) * CELL.0 + 24.0, f32::from(rows) * CELL.1 + 24.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"10\" fill=\"{}\"/>\n",
        PALETTE[0]
    );
    for row in 0..rows {
        let cells: Vec<Cell<'_>> = screen.row(row).collect();
        let mut at = 0;
        while at < cells.len() {
            let style = look(&cells[at]);
            let mut end = at;
            let mut text = String::new();
            while end < cells.len() && look(&cells[end]) == style {
                if cells[end].width > 0 {
                    text.push_str(if cells[end].text.is_empty() { " " } else { &cells[end].text });
                }
                end += 1;
            }
            run(&mut out, &text, &style, at, row, end - at);
            at = end;
        }
    }
    out.push_str("</svg>\n");
    out
}

#[derive(PartialEq)]
struct Look {
    fg: String,
    bg: Option<String>,
    bold: bool,
    italic: bool,
    underline: bool,
    faint: bool,
}

fn look(cell: &Cell<'_>) -> Look {
    let fg = color(cell.fg).unwrap_or_else(|| PALETTE[7].to_owned());
    let bg = color(cell.bg);
    let (fg, bg) =
        if cell.inverse { (bg.unwrap_or_else(|| PALETTE[0].to_owned()), Some(fg)) } else { (fg, bg) };
    Look { fg, bg, bold: cell.bold, italic: cell.italic, underline: cell.underline > 0, faint: cell.dim }
}

fn color(color: Color) -> Option<String> {
    match color {
        Color::Default => None,
        Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
        Color::Index(i @ 0..16) => Some(PALETTE[usize::from(i)].to_owned()),
        // xterm's cube and grey ramp.
        Color::Index(i @ 16..232) => {
            let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let i = i - 16;
            Some(format!("#{:02x}{:02x}{:02x}", level(i / 36), level(i / 6 % 6), level(i % 6)))
        }
        Color::Index(i) => Some(format!("#{0:02x}{0:02x}{0:02x}", 8 + 10 * (i - 232))),
    }
}

fn run(out: &mut String, text: &str, look: &Look, col: usize, row: u16, cells: usize) {
    let (x, y) = (col as f32 * CELL.0 + 12.0, f32::from(row) * CELL.1 + 12.0);
    let width = cells as f32 * CELL.0;
    if let Some(bg) = &look.bg {
        let _ = writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{}\" fill=\"{bg}\"/>",
            CELL.1
        );
    }
    if text.trim().is_empty() {
        return;
    }
    let mut style = String::new();
    for (on, word) in [
        (look.bold, " font-weight=\"bold\""),
        (look.italic, " font-style=\"italic\""),
        (look.underline, " text-decoration=\"underline\""),
        (look.faint, " opacity=\"0.6\""),
    ] {
        if on {
            style.push_str(word);
        }
    }
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"{}\"{style} textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" \
         xml:space=\"preserve\">{escaped}</text>",
        y + 13.5,
        look.fg
    );
}
