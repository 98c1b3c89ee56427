//! Machines behind cables, in network namespaces of their own.

use super::Four;
use crate::support::netns::Cable;
use crate::support::sshd::Setup;

fn behind(cable: &Cable) -> Four {
    Four::with_last(|net| net.host_with("d", Setup { cable: Some(cable), ..Setup::default() }))
}

#[test]
fn a_cable_that_is_pulled_before_anything() {
    let cable = Cable::new();
    let four = behind(&cable);
    cable.pull();
    four.sync(&["--timeout", "8s"]).only_last(3, "unreachable", "`d`");
    cable.plug();
    four.heals();
}

#[test]
fn a_cable_that_is_pulled_from_a_warm_link() {
    let cable = Cable::new();
    let four = behind(&cable);
    assert_eq!(four.sync(&[]).status, 0);
    cable.pull();
    four.sync(&["--timeout", "3s"]).only_last(3, "unreachable", "3000 ms");
    cable.plug();
    four.heals();
}

#[test]
fn a_cable_that_is_pulled_in_the_middle_of_a_clone() {
    let cable = Cable::new();
    let four = behind(&cable);
    let held = four.hold_packs();
    let running = four.begin(&["--timeout", "8s"]);
    held.reached();
    cable.pull();
    super::Report::ended(running).only_last(3, "unreachable", "8000 ms");
    drop(held);
    cable.plug();
    four.heals();
}

#[test]
fn a_narrow_cable_is_only_slow() {
    let cable = Cable::new();
    let four = behind(&cable);
    cable.narrow("256kbit");
    four.heals();
}
