//! Keeps the picture fresh: each kind of look again after a pause, never twice at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::command::line;
use crate::command::table::Table;
use crate::engine::{Catalog, Engine, Event, Origin};

/// A command that is run by itself.
struct Look {
    name: &'static str,
    line: &'static str,
    pause: Duration,
    /// Whether a command of the person's may have changed what it sees.
    after_commands: bool,
}

const LOOKS: [Look; 4] = [
    // Hosts tell by themselves when something happens in a session; this is for those that cannot.
    Look { name: "session list", line: "session list --hosts all", pause: secs(20), after_commands: true },
    Look { name: "worktree list", line: "worktree list", pause: secs(60), after_commands: true },
    Look { name: "host check", line: "host check", pause: secs(30), after_commands: true },
    Look { name: "capture", line: "capture", pause: secs(15), after_commands: false },
];
/// How many times longer the pauses are while nobody looks at the terminal.
const AWAY: u32 = 5;

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// The looks while they go on; dropping it ends them.
pub struct Refresh {
    _tasks: JoinSet<()>,
    now: Arc<Notify>,
    focus: watch::Sender<bool>,
}

impl Refresh {
    /// Starts every look that the table knows.
    pub fn start(engine: &Engine) -> Self {
        let (focus, focused) = watch::channel(true);
        let now = Arc::new(Notify::new());
        let mut tasks = JoinSet::new();
        for look in LOOKS {
            if Table.find(look.name).is_some() {
                let looking = repeat(engine.clone(), look, now.clone(), focused.clone());
                tasks.spawn_on(looking, engine.runtime());
            }
        }
        Self { _tasks: tasks, now, focus }
    }

    /// Looks now: something was changed.
    pub fn now(&self) {
        self.now.notify_waiters();
    }

    /// Whether somebody looks at the terminal.
    pub fn focus(&self, on: bool) {
        self.focus.send_replace(on);
    }
}

async fn repeat(engine: Engine, look: Look, now: Arc<Notify>, mut focused: watch::Receiver<bool>) {
    loop {
        // Registered before the look, so that a change in its middle is not missed.
        let changed = now.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        once(&engine, &look).await;
        let pause = async {
            // Coming back shortens what is left of a long pause.
            let away = !*focused.borrow_and_update();
            tokio::time::sleep(look.pause).await;
            if away {
                let rest = tokio::time::sleep(look.pause * (AWAY - 1));
                tokio::select! {
                    () = rest => {}
                    _ = focused.changed() => {}
                }
            }
        };
        tokio::select! {
            () = pause => {}
            () = &mut changed, if look.after_commands => {}
        }
    }
}

async fn once(engine: &Engine, look: &Look) {
    let words: Vec<String> = look.line.split(' ').map(str::to_owned).collect();
    let call = match line::parse(&words) {
        Ok(parsed) => parsed.call(Origin::Ui, engine.settings().jobs),
        Err(refused) => {
            tracing::warn!("{}: {}", look.line, refused.into_error());
            return;
        }
    };
    let mut run = engine.submit(call);
    while let Some(event) = run.events.recv().await {
        if let Event::Finished { error: Some(error), .. } = event {
            tracing::debug!("{}: {error}", look.name);
        }
    }
}
