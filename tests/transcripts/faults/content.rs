//! What is in a file is not what should be there.

use std::fs;

use super::{
    DOCUMENTS, Everything, LINES, Reader, assert_witnessed, capture, each, everything, file_name, some, told,
    undisturbed,
};

/// A fault by name: what becomes of the bytes; whether it has to be told (else it is kept or is
/// harmless).
type Fault = (&'static str, fn(&[u8]) -> Vec<u8>, bool);

/// Something put between the lines in the middle.
fn between(bytes: &[u8], what: &[u8]) -> Vec<u8> {
    let half = bytes.len() / 2;
    let at = bytes[half..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |at| half + at + 1);
    [&bytes[..at], what, b"\n", &bytes[at..]].concat()
}

/// Every string cut in the middle of a character, as JavaScript does.
fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    String::from_utf8_lossy(bytes).replacen(from, to, 3).into_bytes()
}

fn noise() -> Vec<u8> {
    (0..5000u32).map(|n| u8::try_from((n * 7919 + n / 3) % 251).unwrap_or(0)).collect()
}

/// Of a file of lines.
const OF_LINES: [Fault; 14] = [
    ("empty", |_| Vec::new(), false),
    ("only a line end", |_| b"\n".to_vec(), false),
    // The torn line waits for its end: that is how files grow.
    ("truncated", |bytes| bytes[..bytes.len() * 2 / 3].to_vec(), false),
    ("binary", |_| [noise(), b"\n".to_vec()].concat(), true),
    ("NUL bytes", |bytes| between(bytes, &[0; 4096]), true),
    ("invalid UTF-8", |bytes| between(bytes, b"{\"type\":\"\xff\xfe\"}"), true),
    ("half a line", |bytes| between(bytes, b"{\"type\":\"user\",\"mess"), true),
    ("a list", |bytes| between(bytes, b"[1,2,3]"), true),
    ("null", |bytes| between(bytes, b"null"), true),
    ("a number", |bytes| between(bytes, b"12"), true),
    ("nested without end", |bytes| between(bytes, "{\"a\":".repeat(20_000).as_bytes()), true),
    ("a BOM", |bytes| [b"\xEF\xBB\xBF", bytes].concat(), false),
    ("lone surrogates", |bytes| replaced(bytes, "e", "\\ud83d"), false),
    ("raw line separators", |bytes| replaced(bytes, " ", "\u{2028}\u{85}"), false),
];

/// Of a document.
const OF_DOCUMENTS: [Fault; 10] = [
    ("empty", |_| Vec::new(), false),
    ("truncated", |bytes| bytes[..bytes.len() * 2 / 3].to_vec(), true),
    ("binary", |_| noise(), true),
    ("NUL bytes", |_| vec![0; 1 << 20], true),
    ("invalid UTF-8", |bytes| [b"\xff\xfe", bytes].concat(), true),
    ("null", |_| b"null".to_vec(), true),
    ("a text", |_| b"\"talk\"".to_vec(), true),
    ("nested without end", |_| "[".repeat(200_000).into_bytes(), true),
    ("a BOM", |bytes| [b"\xEF\xBB\xBF", bytes].concat(), false),
    ("raw line separators", |bytes| replaced(bytes, " ", "\u{2028}\u{85}"), false),
];

fn suffer(reader: &Reader, wanted: &Everything, (name, fault, must_tell): Fault) {
    let what = format!("{}: {name}", reader.name());
    let sandbox = reader.home();
    let victim = reader.victim(&sandbox);
    let sound = fs::read(&victim).expect("read");
    fs::write(&victim, fault(&sound)).expect("written");
    let (said, report) = capture(&sandbox);
    assert_eq!(said.status, 0, "{what}: {}", said.stderr);
    assert!(!said.stderr.contains("panicked"), "{what}: {}", said.stderr);
    if must_tell {
        assert!(told(&said, &report, &file_name(&victim)), "{what}: {}", said.stderr);
    }
    assert_witnessed(&sandbox, &what);
    // Nothing changes while it stays as it is.
    let before = everything(&sandbox.sf_home());
    let (_, again) = capture(&sandbox);
    assert_eq!((&again["messages"], &everything(&sandbox.sf_home())), (&0.into(), &before), "{what}");
    // It heals, and the capture with it.
    fs::write(&victim, &sound).expect("written");
    let (said, _) = capture(&sandbox);
    assert_eq!(said.status, 0, "{what}: {}", said.stderr);
    let now = everything(&sandbox.sf_home());
    for (session, messages) in wanted {
        let here = now.get(session).unwrap_or_else(|| panic!("{what}: {session} is missing"));
        for (id, said) in messages {
            // What the fault itself said (a changed text) may have come first and stays.
            assert!(
                here.get(id) == Some(said) || name.starts_with("raw line") || name.starts_with("lone"),
                "{what}: {session} {id}: {:?} instead of {said}",
                here.get(id)
            );
        }
        assert!(here.len() >= messages.len(), "{what}: {session}");
        assert!(here.len() <= messages.len() + 3, "{what}: {session} has {here:?}");
    }
}

#[test]
fn of_a_file_of_lines() {
    each(some(LINES, 2), |reader| {
        let wanted = undisturbed(&reader);
        each(OF_LINES, |fault| suffer(&reader, &wanted, fault));
    });
}

#[test]
fn of_a_document() {
    each(some(DOCUMENTS, 1), |reader| {
        let wanted = undisturbed(&reader);
        each(OF_DOCUMENTS, |fault| suffer(&reader, &wanted, fault));
    });
}

/// Where exactly it is.
#[test]
fn the_line_is_named() {
    let reader = LINES[0];
    let sandbox = reader.home();
    let victim = reader.victim(&sandbox);
    let sound = fs::read(&victim).expect("read");
    let first = sound.iter().position(|b| *b == b'\n').expect("a line") + 1;
    let bytes = [&sound[..first], b"rubbish\n", &sound[first..]].concat();
    fs::write(&victim, &bytes).expect("written");
    let (said, report) = capture(&sandbox);
    let skipped = &report["by_tool"][0]["skipped"];
    assert_eq!(skipped[0]["line"], 2, "{skipped}");
    assert_eq!(skipped[0]["path"], victim.to_string_lossy().as_ref());
    assert!(said.stderr.contains(&format!("`{}` line 2 was skipped", victim.display())), "{said:?}");
    // What comes later is counted on from there.
    let lines = bytes.iter().filter(|b| **b == b'\n').count();
    fs::write(&victim, [bytes.as_slice(), b"more rubbish\n"].concat()).expect("written");
    let (_, report) = capture(&sandbox);
    assert_eq!(report["skipped_lines"], 1);
    assert_eq!(report["by_tool"][0]["skipped"][0]["line"], lines + 1, "{report}");
}
