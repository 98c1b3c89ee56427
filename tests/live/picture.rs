//! The picture that the cockpit draws follows the sessions by itself.

use session_forge::command::table::Table;
use session_forge::config::Settings;
use session_forge::engine::{Engine, Parts};
use session_forge::model::live::LiveState;
use session_forge::model::snapshot::Snapshot;
use session_forge::sys::{Clock, Paths};

use crate::support::live::{Home, LIMIT};

#[tokio::test]
async fn sessions_come_and_go_on_the_picture() {
    let home = Home::new();
    let paths = Paths::resolve(&home.env(), None).expect("resolved");
    paths.create().expect("made");
    let engine = Engine::new(Parts {
        catalog: &Table,
        settings: Settings::load(&paths.settings()).settings,
        paths,
        env: home.env(),
        clock: Clock::System,
        fatal: None,
        links: None,
    });
    let mut pictures = engine.watch();
    let mut until = async |what: &str, wanted: &dyn Fn(&Snapshot) -> bool| {
        let seen = tokio::time::timeout(LIMIT, pictures.wait_for(|picture| wanted(picture)));
        seen.await.unwrap_or_else(|_| panic!("waited in vain for {what}")).expect("the engine lives");
    };
    // Started by somebody else.
    let id = home.start(&["bash", "--norc", "--noprofile"]).await;
    until("an idle shell", &|p| p.live.iter().any(|l| l.id == id && l.state == LiveState::Idle)).await;
    home.enter(&id, "sleep 1000").await;
    until("work", &|p| p.live.iter().any(|l| l.state == LiveState::Working)).await;
    home.kill(&id).await;
    until("its end", &|p| p.live.iter().any(|l| l.exit_code == Some(137))).await;
}
