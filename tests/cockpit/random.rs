//! Whatever is pressed, on whatever size: never a panic, never a cell outside.

use proptest::prelude::*;
use session_forge::cockpit::msg::{Mouse, Msg};
use session_forge::cockpit::skin::Depth;
use session_forge::cockpit::stage::talk::{Chunk, Want};
use session_forge::cockpit::subject::Subject;
use session_forge::cockpit::update::update;
use session_forge::config::chord::{Chord, Key, Mods};
use session_forge::live::screen::mouse::{Act, Button, Turn};

use super::{blank, draw, skin, world};

const ACTS: [Act; 8] = [
    Act::Press(Button::Left),
    Act::Drag(Button::Left),
    Act::Release(Button::Left),
    Act::Press(Button::Right),
    Act::Release(Button::Middle),
    Act::Move,
    Act::Wheel(Turn::Up),
    Act::Wheel(Turn::Down),
];

#[derive(Clone, Debug)]
enum Step {
    Key(Chord),
    Size(u16, u16),
    Mouse(Mouse),
    Paste(String),
    World(bool),
    Settled,
    Talk(u64),
    Found(Vec<u64>),
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        6 => "[a-zA-Z0-9:/?!{} -]".prop_map(|s| Key::Char(s.chars().next().unwrap_or('q'))),
        4 => prop::sample::select(vec![
            Key::Enter, Key::Tab, Key::Escape, Key::Backspace, Key::Up, Key::Down, Key::Left, Key::Right,
            Key::PageUp, Key::PageDown, Key::Home, Key::End, Key::Delete, Key::Function(5),
        ]),
        1 => any::<char>().prop_map(Key::Char),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let mods = prop_oneof![8 => Just((false, false, false)), 1 => any::<(bool, bool, bool)>()];
    let side = prop_oneof![1 => 1u16..5, 3 => 5u16..60, 2 => 60u16..210];
    prop_oneof![
        20 => (key(), mods).prop_map(|(key, (shift, alt, ctrl))| {
            Step::Key(Chord { key, mods: Mods { shift, alt, ctrl } })
        }),
        2 => (side.clone(), side).prop_map(|(c, r)| Step::Size(c, r)),
        2 => (0u16..210, 0u16..60, 0..8u8).prop_map(|(col, row, kind)| {
            let act = ACTS[usize::from(kind) % ACTS.len()];
            Step::Mouse(Mouse { act, mods: Mods::default(), col, row })
        }),
        1 => "\\PC{0,12}".prop_map(Step::Paste),
        1 => any::<bool>().prop_map(Step::World),
        1 => Just(Step::Settled),
        3 => (0u64..40).prop_map(Step::Talk),
        1 => prop::collection::vec(1u64..30, 0..4).prop_map(Step::Found),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn nothing_that_is_pressed_breaks_it(steps in prop::collection::vec(step(), 1..60)) {
        let mut state = blank("default", 80, 24);
        drop(update(&mut state, Msg::Data(world())));
        let skin = skin("default", Depth::True);
        for step in steps {
            let msg = match step {
                Step::Key(chord) => Msg::Key(chord),
                Step::Size(cols, rows) => Msg::Size(cols, rows),
                Step::Mouse(mouse) => Msg::Mouse(mouse),
                Step::Paste(text) => Msg::Paste(text),
                Step::World(true) => Msg::Data(world()),
                Step::World(false) => Msg::Data(Default::default()),
                Step::Settled => Msg::Settled(state.stage.token),
                Step::Talk(seq) => {
                    let Some(Subject::Transcript(id)) = state.stage.subject.clone() else { continue };
                    let want = match seq {
                        0 => Want::Newest,
                        1..20 => Want::Around(seq),
                        _ => Want::Range(seq - 19, seq),
                    };
                    Msg::Read(id, want, Ok(Chunk::of(super::talk::talk())))
                }
                Step::Found(places) => {
                    let Some(reading) = state.stage.shown_reading() else { continue };
                    let Some(find) = reading.find() else { continue };
                    Msg::Found(reading.id.clone(), find.text.clone(), Ok(places))
                }
            };
            drop(update(&mut state, msg));
            draw(&state, &skin);
        }
    }
}
