//! The mouse: chooses and scrolls; belongs to the program in front when that asked for it.

use super::act;
use super::effect::Effect;
use super::layout::Layout;
use super::msg::Mouse;
use super::overlay::{Overlay, Verdict};
use super::state::{Pane, State, Typing};
use super::{talk, update};
use crate::config::chord::{Chord, Key};
use crate::live::screen::mouse::{self, Act, Button, Turn};
use crate::live::screen::{Modes, Mouse as Wanted};
use crate::model::Time;

/// Rows that a turn of the wheel moves.
const WHEEL: isize = 3;
/// A second press within this many milliseconds means the word.
const DOUBLE: i64 = 400;

/// Where and when the left button went down on the stage.
#[derive(Clone, Copy, Debug)]
pub struct Pressed {
    col: u16,
    row: u16,
    at: Time,
}

pub(super) fn mouse(state: &mut State, mouse: Mouse, out: &mut Vec<Effect>) {
    if let Some(Overlay::Select(_)) = state.overlays.last() {
        return choose(state, mouse, out);
    }
    if !state.overlays.is_empty() {
        return;
    }
    let layout = state.layout();
    if forward(state, &layout, mouse, out) {
        return;
    }
    if let Some(strip) = layout.strip.filter(|s| s.contains((mouse.col, mouse.row).into())) {
        let tabs = super::view::tabs(strip.width);
        if let Some((pane, _)) = tabs.into_iter().find(|(_, at)| at.contains(&mouse.col))
            && mouse.act == Act::Press(Button::Left)
        {
            state.give_focus(pane);
        }
        return;
    }
    let Some(pane) = layout.pane_at(mouse.col, mouse.row) else { return };
    match mouse.act {
        Act::Press(Button::Left) => press(state, &layout, pane, mouse),
        Act::Drag(Button::Left) if pane == Pane::Stage => drag(state, &layout, mouse),
        Act::Release(Button::Left) => release(state, &layout, mouse),
        Act::Wheel(Turn::Up) => act::scroll(state, pane, -WHEEL),
        Act::Wheel(Turn::Down) => act::scroll(state, pane, WHEEL),
        _ => {}
    }
}

/// A press that became no choice of text is about the row of the transcript under it.
fn release(state: &mut State, layout: &Layout, mouse: Mouse) {
    let (Some(area), Some(_)) = (layout.stage, state.stage.pressed) else { return };
    if area.contains((mouse.col, mouse.row).into()) {
        talk::press(state, usize::from(mouse.row - area.y), area.height);
    }
}

/// Gives it to the program that is typed into, if that wants it; whether it did.
fn forward(state: &State, layout: &Layout, mouse: Mouse, out: &mut Vec<Effect>) -> bool {
    let place = layout.stage.filter(|area| area.contains((mouse.col, mouse.row).into()));
    let (Typing::Terminal, Some(area)) = (state.typing, place) else { return false };
    let Some(screen) = state.stage.own_terminal().and_then(|t| t.screen.clone()) else { return false };
    let (modes, back) = screen.with(|screen| (screen.modes(), screen.scrolled()));
    if back > 0 {
        return false;
    }
    let bytes = if modes.mouse == Wanted::Off {
        arrows(mouse.act, modes)
    } else {
        mouse::bytes(mouse.act, mouse.mods, mouse.col - area.x, mouse.row - area.y, modes)
    };
    if !bytes.is_empty() {
        out.push(Effect::Input(bytes));
        return true;
    }
    modes.mouse != Wanted::Off
}

/// On the alternate screen there is nothing to scroll back to; the wheel is for the program.
fn arrows(act: Act, modes: Modes) -> Vec<u8> {
    let key = match act {
        Act::Wheel(Turn::Up) => Key::Up,
        Act::Wheel(Turn::Down) => Key::Down,
        _ => return Vec::new(),
    };
    if !modes.alternate_screen || !modes.wheel_arrows {
        return Vec::new();
    }
    Chord::plain(key).bytes(modes).repeat(WHEEL.unsigned_abs())
}

fn press(state: &mut State, layout: &Layout, pane: Pane, mouse: Mouse) {
    state.give_focus(pane);
    let before = state.stage.pressed.take();
    if let Some(area) =
        layout.stage.filter(|a| pane == Pane::Stage && a.contains((mouse.col, mouse.row).into()))
    {
        let (col, row) = (mouse.col - area.x, mouse.row - area.y);
        let double = before
            .is_some_and(|p| (p.col, p.row) == (col, row) && state.now.0.saturating_sub(p.at.0) <= DOUBLE);
        state.stage.pressed = Some(Pressed { col, row, at: state.now });
        if double {
            act::select(state);
            if let Some(Overlay::Select(select)) = state.overlays.last_mut() {
                select.word_at(col, row);
            }
        }
        return;
    }
    let rows = pane.index().and_then(|i| layout.panes[i]);
    if let (Some(area), Some(list)) = (rows, state.list_mut(pane))
        && area.contains((mouse.col, mouse.row).into())
    {
        let at = list.offset() + usize::from(mouse.row - area.y);
        if at < list.items().len() {
            list.put(at);
        }
    }
}

/// Text is chosen from where the button went down.
fn drag(state: &mut State, layout: &Layout, mouse: Mouse) {
    let (Some(area), Some(from)) = (layout.stage, state.stage.pressed.take()) else { return };
    act::select(state);
    if let Some(Overlay::Select(select)) = state.overlays.last_mut() {
        select.begin_at(from.col, from.row);
        select.drag_to(mouse.col.saturating_sub(area.x), mouse.row.saturating_sub(area.y));
    }
}

/// The mouse while text is chosen.
fn choose(state: &mut State, mouse: Mouse, out: &mut Vec<Effect>) {
    let Some(area) = state.layout().stage else { return };
    let (col, row) = (mouse.col.saturating_sub(area.x), mouse.row.saturating_sub(area.y));
    let Some(Overlay::Select(select)) = state.overlays.last_mut() else { return };
    match mouse.act {
        Act::Press(Button::Left) => select.begin_at(col, row),
        Act::Drag(Button::Left) => select.drag_to(col, row),
        Act::Wheel(Turn::Up) => select.wheel(-WHEEL),
        Act::Wheel(Turn::Down) => select.wheel(WHEEL),
        Act::Release(Button::Left) => {
            let verdict = Verdict::Copy(select.chosen());
            if let Some(overlay) = state.overlays.pop() {
                update::judge(state, overlay, verdict, out);
            }
        }
        _ => {}
    }
}

/// Motion without a button is only reported while a program in front asked for it.
pub(super) fn motion(state: &mut State, out: &mut Vec<Effect>) {
    let wants = state.typing == Typing::Terminal
        && state
            .stage
            .own_terminal()
            .and_then(|t| t.screen.as_ref())
            .is_some_and(|screen| screen.with(|screen| screen.modes().mouse == Wanted::AnyMotion));
    if wants != state.stage.motion {
        state.stage.motion = wants;
        out.push(Effect::Motion(wants));
    }
}
