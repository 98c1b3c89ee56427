//! A file cannot be read, is no file, or goes away.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::{
    DATABASES, DOCUMENTS, Everything, LINES, Reader, assert_witnessed, each, everything, file_name, some,
    told, undisturbed,
};
use crate::support::{Said, Sandbox};

/// A capture by somebody who has no more rights than the modes of files say: root is stripped of
/// what lets it read everything.
fn capture(sandbox: &Sandbox) -> Said {
    let sf = env!("CARGO_BIN_EXE_sf");
    if session_forge::sys::proc::uid() != 0 {
        return sandbox.sf(&["capture", "--json"]);
    }
    let mut command = sandbox.command("setpriv");
    let without = "-dac_override,-dac_read_search";
    command.args(["--bounding-set", without, "--inh-caps", without, sf, "capture", "--json"]);
    Said::of(command)
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("ours");
}

/// A fault by name: what is done to the victim, and how it is undone.
type Fault = (&'static str, fn(&Path), fn(&Path, &[u8]), bool);

fn put_back(path: &Path, sound: &[u8]) {
    let _ = fs::remove_file(path);
    let _ = fs::remove_dir(path);
    fs::write(path, sound).expect("written");
}

const FAULTS: [Fault; 6] = [
    ("unreadable", |path| mode(path, 0), |path, _| mode(path, 0o600), true),
    (
        "in a folder that cannot be entered",
        |path| mode(path.parent().expect("a folder"), 0),
        |path, _| mode(path.parent().expect("a folder"), 0o700),
        true,
    ),
    ("gone", |path| fs::remove_file(path).expect("removed"), put_back, false),
    (
        "a loop of links",
        |path| {
            fs::remove_file(path).expect("removed");
            symlink(path, path).expect("made");
        },
        put_back,
        true,
    ),
    (
        "a pipe that nobody writes to",
        |path| {
            fs::remove_file(path).expect("removed");
            let path = std::ffi::CString::new(path.as_os_str().as_encoded_bytes()).expect("a path");
            let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
            rustix::fs::mknodat(rustix::fs::CWD, path.as_c_str(), rustix::fs::FileType::Fifo, mode, 0)
                .expect("made");
        },
        put_back,
        false,
    ),
    (
        "a folder",
        |path| {
            fs::remove_file(path).expect("removed");
            fs::create_dir(path).expect("made");
        },
        put_back,
        false,
    ),
];

fn suffer(reader: &Reader, wanted: &Everything, (name, fault, undo, must_tell): Fault) {
    let what = format!("{}: {name}", reader.name());
    let sandbox = reader.home();
    let victim = reader.victim(&sandbox);
    let sound = fs::read(&victim).expect("read");
    fault(&victim);
    let said = capture(&sandbox);
    let report = said.json();
    let named = [file_name(&victim), file_name(victim.parent().expect("a folder"))];
    let seen = said.status == 0 && (!must_tell || named.iter().any(|name| told(&said, &report, name)));
    if !seen {
        // So that the folder can be removed.
        undo(&victim, &sound);
    }
    assert!(seen, "{what}: {}", said.stderr);
    assert_witnessed(&sandbox, &what);
    undo(&victim, &sound);
    let said = capture(&sandbox);
    assert_eq!(said.status, 0, "{what}: {}", said.stderr);
    let now = everything(&sandbox.sf_home());
    assert_eq!(now.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>(), "{what}");
    assert_eq!(&now, wanted, "{what}");
}

#[test]
fn of_a_file_of_lines() {
    each(some(LINES, 3), |reader| {
        let wanted = undisturbed(&reader);
        each(FAULTS, |fault| suffer(&reader, &wanted, fault));
    });
}

#[test]
fn of_a_document() {
    each(some(DOCUMENTS, 3), |reader| {
        let wanted = undisturbed(&reader);
        each(FAULTS, |fault| suffer(&reader, &wanted, fault));
    });
}

#[test]
fn of_a_database() {
    each(some(DATABASES, 1), |reader| {
        let wanted = undisturbed(&reader);
        each(FAULTS, |fault| suffer(&reader, &wanted, fault));
    });
}

/// What was captured before stays, whatever becomes of the file.
#[test]
fn what_goes_away_stays_with_us() {
    for reader in [LINES[0], DOCUMENTS[2], DATABASES[0]] {
        let sandbox = reader.home();
        let _ = sandbox.json(&["capture"]);
        let before = everything(&sandbox.sf_home());
        let victim = reader.victim(&sandbox);
        for fault in [|path: &Path| mode(path, 0), |path: &Path| fs::remove_file(path).expect("removed")] {
            fault(&victim);
            assert_eq!(capture(&sandbox).status, 0, "{}", reader.name());
            assert_eq!(everything(&sandbox.sf_home()), before, "{}", reader.name());
        }
    }
}

#[test]
fn folders_that_lead_back_to_themselves_end() {
    let reader = LINES[1];
    let sandbox = reader.home();
    for (link, to) in [
        (".codex/sessions/again", ".codex/sessions"),
        (".claude/projects/again", ".claude/projects"),
        (".claude/projects/-witness/loop", ".claude/projects/-witness"),
        (".gemini/tmp/x", ".gemini/tmp"),
        (".copilot/session-state/x", ".copilot/session-state"),
        (".cursor/chats/x", ".cursor/chats"),
        (".local/share/opencode/storage/session/x", ".local/share/opencode/storage/session"),
    ] {
        let link = sandbox.home().join(link);
        fs::create_dir_all(sandbox.home().join(to)).expect("made");
        fs::create_dir_all(link.parent().expect("a folder")).expect("made");
        symlink(sandbox.home().join(to), link).expect("made");
    }
    let _ = sandbox.json(&["capture"]);
    assert_eq!(everything(&sandbox.sf_home()), undisturbed(&reader));
}
