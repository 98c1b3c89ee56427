//! Files that are brought to the host of a session.

use serde_json::json;

use crate::fleet::World;
use crate::support::Sandbox;

const SHOW: &str = "stty -echo; echo ready; while read -r x; do echo \"got $x\"; done";

#[test]
fn a_file_of_this_machine_is_named_where_it_lies() {
    let place = Sandbox::new();
    std::fs::write(place.home().join("a.png"), "picture").expect("written");
    place.json(&["session", "start", "--name", "s", "--", "sh", "-c", SHOW]);
    place.json(&["session", "wait", "s", "--for", "ready", "--timeout", "20s"]);
    let path = place.home().join("a.png").display().to_string();
    assert_eq!(place.json(&["session", "paste", "s", "a.png"])["paths"], json!([path]));
    place.json(&["session", "send", "s", "--enter", "is mine"]);
    place.json(&["session", "wait", "s", "--for", &format!("got {path} is mine"), "--timeout", "20s"]);
    let missing = place.sf(&["--json", "session", "paste", "s", "nowhere.png"]);
    assert_eq!(missing.json()["error"]["code"], "not_found");
    // Nobody's desktop is here.
    let none = place.sf(&["--json", "session", "paste", "s"]);
    assert_eq!(none.json()["error"]["code"], "not_found", "{none:?}");
}

#[test]
fn a_file_goes_to_the_host_of_the_session() {
    let world = World::new();
    let sshd = world.net.host("a");
    let place = &world.place;
    place.json(&["host", "add", "gpu", "a"]);
    place.json(&["bootstrap", "--hosts", "gpu", "--yes"]);
    place.json(&["session", "start", "--host", "gpu", "--name", "far", "--", "sh", "-c", SHOW]);
    place.json(&["session", "wait", "far", "--for", "ready", "--timeout", "20s"]);
    let bytes: Vec<u8> = (0..3_000_000u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
    std::fs::write(place.home().join("my picture.png"), &bytes).expect("written");
    let pasted = place.json(&["session", "paste", "far", "my picture.png"]);
    let path = pasted["paths"][0].as_str().expect("a path");
    assert!(
        path.ends_with("-my_picture.png") && path.starts_with(sshd.home.to_str().expect("text")),
        "{path}"
    );
    assert!(std::fs::read(path).expect("there") == bytes);
    place.json(&["session", "send", "far", "--enter", "look"]);
    let name = path.rsplit('/').next().expect("a name");
    place.json(&["session", "wait", "far", "--for", &format!("{name} look"), "--timeout", "20s"]);
    // The clipboard's picture, of a desktop that is only said to be here.
    let xclip = place.path().join("bin/xclip");
    std::fs::create_dir_all(xclip.parent().expect("a folder")).expect("made");
    std::fs::write(
        &xclip,
        "#!/bin/sh\n[ \"$*\" = '-selection clipboard -t image/png -o' ] && printf '\\211PNG rest'\n",
    )
    .expect("written");
    std::fs::set_permissions(&xclip, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("ours");
    let mut command = place.sf_command(&["--json", "session", "paste", "far"]);
    command
        .env("DISPLAY", ":9")
        .env("PATH", format!("{}:/usr/bin:/bin", xclip.parent().expect("a folder").display()));
    let said = crate::support::Said::of(command);
    let pasted = said.json();
    let path = pasted["paths"][0].as_str().unwrap_or_else(|| panic!("{said:?}"));
    assert_eq!(std::fs::read(path).expect("there"), b"\x89PNG rest");
    place.json(&["session", "stop", "far", "--force"]);
}
