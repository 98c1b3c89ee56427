//! Kills, cuts and attaches in random order, as many as `SF_STEPS` says (`tests/run --slow`: 1,000), from
//! the seed that `SF_SEED` says: clients, cockpits, agents and what carries the link are killed, the link
//! is cut, stalled and slowed, the program is upgraded, terminals are resized. No session is lost, no byte
//! of a program is lost or said twice, and every screen is that of an emulator that nobody disturbed.

pub mod dice;
pub mod place;
mod truth;

use session_forge::live::client::Attached;
use session_forge::model::live::ScreenText;
use session_forge::sys::Env;
use session_forge::wire::holder::Attach;
use tokio::io::AsyncWriteExt;

use self::dice::Dice;
use self::place::Place;
use self::truth::{HISTORY, Truth};
use crate::support::live::{LIMIT, sized};
use crate::support::pty::Terminal;

/// Everything is looked at after so many steps.
const ROUND: u64 = 20;

fn number(name: &str, otherwise: u64) -> u64 {
    Env::current().get(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Somebody who looks at a session with the real program.
struct Person {
    terminal: Terminal,
    at: usize,
    cockpit: bool,
}

/// Everybody.
struct Game {
    place: Place,
    dice: Dice,
    truths: Vec<Truth>,
    /// Clients, each with the session that it looks at.
    clients: Vec<(usize, Attached)>,
    people: Vec<Person>,
    /// Whether the link is up, as far as the steps know.
    link: bool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_session_is_lost_by_random_kills_cuts_and_attaches() {
    let (steps, seed) = (number("SF_STEPS", 40), number("SF_SEED", 0x5eed_0001));
    let place = Place::new();
    let mut truths = Vec::new();
    for (name, far) in [("near0", false), ("near1", false), ("far0", true), ("far1", true)] {
        let (side, home) = match far {
            true => (&place.far, place.sshd.home.clone()),
            false => (&place.near, place.world.place.path().to_owned()),
        };
        truths.push(Truth::start(name, side, &home).await);
    }
    let (clients, people) = (Vec::new(), Vec::new());
    let mut game = Game { place, dice: Dice::new(seed), truths, clients, people, link: true };
    for step in 1..=steps {
        let did = game.step().await;
        let when = format!("step {step} of seed {seed}, {did}");
        for truth in &game.truths {
            assert!(truth.lives(), "{when}: {} is lost", truth.name);
        }
        if step % ROUND == 0 || step == steps {
            game.look_at_everything(&when).await;
        }
    }
}

impl Game {
    async fn step(&mut self) -> &'static str {
        let at = self.dice.roll(self.truths.len());
        let far = at >= 2;
        match self.dice.roll(24) {
            0..=4 => {
                self.truths[at].work(&mut self.dice).await;
                "work"
            }
            5 | 6 => {
                let (cols, rows) = match self.dice.roll(3) {
                    0 => (40 + self.dice.roll(100), 5 + self.dice.roll(50)),
                    _ => (80, 24),
                };
                let size = [cols, rows].map(|n| u16::try_from(n).expect("small"));
                let read_only = self.dice.roll(4) == 0;
                self.attach(at, Attach { read_only, history: 20_000, ..sized(size[0], size[1]) }).await;
                "a client came"
            }
            7 if !self.clients.is_empty() => {
                let gone = self.dice.roll(self.clients.len());
                drop(self.clients.swap_remove(gone));
                "a client went"
            }
            8 if !self.clients.is_empty() => {
                let which = self.dice.roll(self.clients.len());
                let (at, client) = &self.clients[which];
                let io = self.truths[*at].side.connect(&self.truths[*at].id).await.expect("connected");
                let again = client.again(Box::new(io));
                self.clients[which].1 = again;
                "a client came back"
            }
            9 if !self.clients.is_empty() => {
                let which = self.dice.roll(self.clients.len());
                let (cols, rows) = (40 + self.dice.roll(100), 5 + self.dice.roll(50));
                self.clients[which]
                    .1
                    .resize(u16::try_from(cols).expect("small"), u16::try_from(rows).expect("small"));
                "another size"
            }
            10 => {
                let truth = &self.truths[at];
                let mut stream = truth.side.connect(&truth.id).await.expect("connected");
                let bytes = [9u8, 0, 0, 0, 1];
                stream.write_all(&bytes[..self.dice.roll(6)]).await.expect("written");
                "a client died in the middle of a frame"
            }
            11 | 12 if self.people.len() < 4 && (self.link || !far) => self.person(at, false),
            13 | 14 if self.people.len() < 4 && (self.link || !far) => self.person(at, true),
            15 | 16 if !self.people.is_empty() => {
                let gone = self.dice.roll(self.people.len());
                self.people.swap_remove(gone).terminal.kill();
                "somebody's program was killed"
            }
            17 => {
                self.place.kill_agents();
                "the agents were killed"
            }
            18 => {
                self.place.kill_masters();
                "what carries the link was killed"
            }
            19 => {
                self.link = false;
                match self.dice.roll(3) {
                    0 => self.place.proxy.cut(),
                    1 => self.place.proxy.cut_after(1 + self.dice.roll(40_000) as u64),
                    _ => self.place.proxy.stall(),
                }
                "the link was cut or stalled"
            }
            20 => {
                let delay = self.dice.roll(60) as u64;
                self.place.proxy.delay(std::time::Duration::from_millis(delay));
                "the link became slow"
            }
            21 | 22 => {
                self.mend();
                "the link was mended"
            }
            23 if self.dice.roll(3) == 0 => {
                self.place.upgrade(self.link);
                "the program was upgraded"
            }
            _ => {
                self.truths[at].work(&mut self.dice).await;
                self.truths[at].settle("at once").await;
                "work, and waited for it"
            }
        }
    }

    fn mend(&mut self) {
        self.place.proxy.mend();
        self.place.proxy.delay(std::time::Duration::ZERO);
        self.link = true;
    }

    async fn attach(&mut self, at: usize, wish: Attach) {
        let io = self.truths[at].side.connect(&self.truths[at].id).await.expect("connected");
        self.clients.push((at, Attached::new(Box::new(io), wish)));
        if self.clients.len() > 8 {
            self.clients.remove(0);
        }
    }

    /// Somebody opens the session with the real program, and may be killed while that happens.
    fn person(&mut self, at: usize, cockpit: bool) -> &'static str {
        let name = self.truths[at].name.clone();
        let mut terminal = match cockpit {
            // Its stage has 80 columns and 24 rows.
            true => self.place.open(&[], 27),
            false => self.place.open(&["session", "attach", &name], 24),
        };
        if cockpit && self.dice.roll(5) > 0 {
            terminal.wait_text("Live");
            terminal.send("3");
            // Hosts are asked for their sessions in turn.
            terminal.wait_text(&name);
            terminal.send(":");
            terminal.wait_text("PALETTE");
            let line = format!("session attach {name}");
            terminal.send(&line);
            terminal.wait_text(&line);
            if self.dice.roll(5) > 0 {
                terminal.send("\r");
                if self.dice.roll(3) > 0 {
                    terminal.wait_text("TERMINAL");
                }
                self.people.push(Person { terminal, at, cockpit });
                return "somebody opened a cockpit";
            }
            terminal.kill();
            return "a cockpit was killed early";
        }
        match cockpit {
            true => terminal.kill(),
            false => self.people.push(Person { terminal, at, cockpit }),
        }
        "somebody attached"
    }

    /// Every screen that anybody has of a session is the true one.
    async fn look_at_everything(&mut self, when: &str) {
        self.mend();
        for truth in &self.truths {
            truth.settle(when).await;
            assert_same(&truth.told().await, &truth.text(), &format!("{when}: {} in its holder", truth.name));
        }
        for (at, client) in self.clients.drain(..) {
            let truth = &self.truths[at];
            let mut news = client.news();
            let mine = || client.screen().with(|screen| screen.screen_text(HISTORY, true));
            let same = async {
                while !equal(&mine(), &truth.text()) {
                    news.changed().await.expect("attached");
                }
            };
            if tokio::time::timeout(LIMIT, same).await.is_err() {
                assert_same(&mine(), &truth.text(), &format!("{when}: {} at a client", truth.name));
            }
        }
        for person in &self.people {
            let truth = &self.truths[person.at];
            let what = format!(
                "{when}: {} in the terminal of somebody (cockpit: {}) as\n{}\n",
                truth.name,
                person.cockpit,
                truth.plain().join("\n")
            );
            // A strip and a title stand above a stage.
            let above = if person.cockpit { 2 } else { 0 };
            person.terminal.wait(&what, |text| {
                // Who could not even begin, as the link was down, has been told so.
                if !person.cockpit && text.starts_with("sf: ") {
                    return true;
                }
                let lines: Vec<&str> = text.lines().skip(above).take(24).map(str::trim_end).collect();
                let wanted = truth.plain();
                // Only who was there last has decided on the size.
                wanted.len() == 24 && lines == wanted.iter().map(|l| l.trim_end()).collect::<Vec<_>>()
            });
        }
        // And who asks through the link is told the same.
        for truth in &self.truths {
            let scrollback = HISTORY.to_string();
            let asked = ["--json", "session", "screen", &truth.name, "--ansi", "--scrollback", &scrollback];
            let told = self.place.sf(&asked, 0).json();
            let lines: Vec<String> = serde_json::from_value(told["lines"].clone()).expect("lines");
            let wanted = truth.text().lines;
            assert!(
                visibly_equal(&lines, &wanted),
                "{when}: {} through the link\n{lines:#?}\n{wanted:#?}",
                truth.name
            );
        }
    }
}

/// A line without what stands behind its last character: how far colours reach there after a line was
/// wrapped anew depends on whether blanks were written or erased, which a picture does not tell.
fn visible(line: &str) -> &str {
    let mut rest = line;
    loop {
        rest = rest.trim_end_matches(' ');
        let Some((before, codes)) = rest.rsplit_once("\x1b[") else { return rest };
        let Some(codes) = codes.strip_suffix('m') else { return rest };
        if codes.bytes().any(|b| !matches!(b, b'0'..=b'9' | b';' | b':')) {
            return rest;
        }
        rest = before;
    }
}

fn equal(one: &ScreenText, other: &ScreenText) -> bool {
    (one.cols, one.rows, one.cursor, &one.title) == (other.cols, other.rows, other.cursor, &other.title)
        && visibly_equal(&one.lines, &other.lines)
}

fn visibly_equal(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| visible(a) == visible(b))
}

fn assert_same(seen: &ScreenText, wanted: &ScreenText, when: &str) {
    assert_eq!((seen.cols, seen.rows, seen.cursor), (wanted.cols, wanted.rows, wanted.cursor), "{when}");
    assert_eq!(seen.title, wanted.title, "{when}");
    let odd = seen.lines.iter().zip(&wanted.lines).enumerate().find(|(_, (a, b))| visible(a) != visible(b));
    let around = |text: &ScreenText| {
        let at = odd.map_or(0, |(at, _)| at);
        text.lines.iter().skip(at.saturating_sub(2)).take(5).cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        (odd, seen.lines.len()),
        (None, wanted.lines.len()),
        "{when}: the first line that is not the same, in {:#?} and {:#?}",
        around(seen),
        around(wanted)
    );
}
