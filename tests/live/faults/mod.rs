//! Programs, clients, links and machines that misbehave, by name: nothing escapes, nothing hangs, nothing
//! else dies. `docs/faults-live.md` lists them.

mod clients;
mod kills;
mod links;
mod machine;
mod programs;

use session_forge::model::LiveId;

use crate::support::live::Home;

/// The session answers, and another one does as well.
async fn alive(home: &Home, id: &LiveId) {
    let other = home.sh("echo fine; read x").await;
    home.wait(&other, "fine").await.expect("another session starts");
    home.lines(id).await;
}

/// `docs/faults-live.md` names every case, and no other.
#[test]
fn the_page_lists_every_case() {
    crate::support::pages::lists_every_case("docs/faults-live.md", "tests/live/faults");
}
