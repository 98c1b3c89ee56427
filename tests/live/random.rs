//! Kills, cuts and attaches in random order, as many as `SF_STEPS` says (`tests/run --slow`: 1,000): no
//! session is lost, and every screen is what its program drew.

use session_forge::model::LiveId;
use session_forge::sys::Env;
use session_forge::wire::holder::Attach;

use crate::support::live::{Home, limit, shows, sized};

/// A small generator (xorshift): the same steps for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).expect("few")).expect("small")
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    Env::current().get(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[tokio::test]
async fn no_session_is_lost_by_random_kills_cuts_and_attaches() {
    let (steps, seed) = (number("SF_STEPS", 60), number("SF_SEED", 0x5eed_0001));
    let home = Home::new();
    let mut dice = Dice(seed);
    let mut ids: Vec<(LiveId, u32)> = Vec::new();
    for _ in 0..4 {
        // Counts what it is told, on a screen of its own.
        let script = "n=0; while read x; do n=$((n+1)); printf '\\033[2J\\033[Hcount %d\\n' $n; done";
        ids.push((home.sh(script).await, 0));
    }
    let mut attached = Vec::new();
    for step in 0..steps {
        let at = dice.roll(ids.len());
        let (id, count) = &mut ids[at];
        match dice.roll(7) {
            // Somebody attaches and stays.
            0 => attached.push(home.attach(id, sized(80, 24)).await),
            // Somebody's link is cut.
            1 if !attached.is_empty() => drop(attached.swap_remove(dice.roll(attached.len()))),
            // A client dies in the middle of saying hello, or of a frame.
            2 => {
                use tokio::io::AsyncWriteExt;
                let mut stream = home.side.connect(id).await.expect("connected");
                let bytes = [9u8, 0, 0, 0, 1];
                stream.write_all(&bytes[..dice.roll(bytes.len() + 1)]).await.expect("written");
            }
            // Somebody looks, read-only, in another size.
            3 => {
                let wish = Attach { read_only: true, ..sized(40, 10) };
                drop(home.attach(id, wish).await);
            }
            // Another size.
            4 => attached
                .push(home.attach(id, sized(60 + u16::try_from(dice.roll(60)).expect("small"), 24)).await),
            // Work goes on.
            _ => {
                home.enter(id, "x").await;
                *count += 1;
                let wanted = format!("count {count}");
                let client = home.attach(id, Attach::default()).await;
                limit(shows(&client, &format!("step {step} of seed {seed}: {wanted}"), |lines| {
                    lines.first().is_some_and(|line| *line == wanted)
                }))
                .await;
            }
        }
        if attached.len() > 8 {
            attached.remove(0);
        }
        let rows = home.side.list().await.expect("listed");
        assert!(
            rows.len() == ids.len() && rows.iter().all(|row| row.state.lives()),
            "step {step} of seed {seed}"
        );
    }
    for (id, count) in &ids {
        let line = home.lines(id).await.first().cloned().unwrap_or_default();
        let wanted = if *count == 0 { String::new() } else { format!("count {count}") };
        assert_eq!(line, wanted, "seed {seed}");
    }
}
