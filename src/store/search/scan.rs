//! Looking for a pattern in the transcripts themselves.
//!
//! All processors read, a transcript each. Most patterns hold a piece of plain text: then only the
//! lines that have it are understood and matched.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use regex::{Regex, bytes};

use super::{Files, Found, Place, Search, hit, snippet, text};
use crate::model::TranscriptId;

/// Bytes of a file that are read together.
const BUFFER: usize = 256 * 1024;

/// Looks at every message itself.
pub fn scan(sessions: &Path, places: Vec<Place>, pattern: &Regex, search: &Search) -> Found {
    let literal = literal(&search.query).and_then(|text| bytes::Regex::new(&regex::escape(&text)).ok());
    let fits = |line: &[u8]| {
        literal.as_ref().is_none_or(|literal| literal.is_match(line))
            && text(line).is_some_and(|text| pattern.is_match(&text))
    };
    let matching = matching(sessions, &places, &fits);
    let wanted =
        if search.limit == 0 { usize::MAX } else { usize::try_from(search.limit).unwrap_or(usize::MAX) };
    let total = matching.len() as u64;
    let first: HashSet<usize> = matching.into_iter().take(wanted).collect();
    let mut files = Files::new(sessions);
    let chosen = places.into_iter().enumerate().filter(|(n, _)| first.contains(n));
    let hits = chosen.filter_map(|(_, place)| {
        let text = files.text(&place)?;
        let around = pattern.find(&text).map(|first| (first.start(), first.end()));
        let snippet = snippet::around(&text, around.as_slice(), search.context);
        Some(hit(place, snippet))
    });
    Found { total, hits: hits.collect() }
}

/// A text that everything that fits a pattern has in it, and that stands in a line of ours as it is:
/// the longest run of plain characters. `None` for patterns with alternatives, groups or counts,
/// which are not looked into.
fn literal(pattern: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || " _-/:=,;@#%~'!".contains(c);
    let pattern = any_for_classes(pattern)?;
    if !pattern.chars().all(|c| plain(c) || ".*+?^$".contains(c)) {
        return None;
    }
    let mut runs = Vec::new();
    let mut rest = pattern.as_str();
    while let Some(start) = rest.find(plain) {
        let after = rest.get(start..)?;
        let end = after.find(|c| !plain(c)).unwrap_or(after.len());
        // What is repeated may be there not at all.
        let repeated = after.get(end..)?.starts_with(['*', '?']);
        runs.push(after.get(..end - usize::from(repeated))?);
        rest = after.get(end..)?;
    }
    runs.into_iter().max_by_key(|run| run.len()).filter(|run| run.len() >= 3).map(str::to_owned)
}

/// A pattern with `.` for each class and each escape that stands for one character or a place.
fn any_for_classes(pattern: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let next = chars.next()?;
                if !next.is_ascii_punctuation() && !"dDwWsSbBntr".contains(next) {
                    return None;
                }
                out.push('.');
            }
            '[' => {
                let class: String = chars.by_ref().take_while(|c| *c != ']').collect();
                if class.trim_start_matches('^').is_empty() || class.contains(['[', '\\']) {
                    return None;
                }
                out.push('.');
            }
            _ => out.push(c),
        }
    }
    Some(out)
}

/// Which of the messages fit, in order. Each transcript is read once, from its first message to its last.
fn matching(sessions: &Path, places: &[Place], fits: &(dyn Fn(&[u8]) -> bool + Sync)) -> Vec<usize> {
    let mut in_file: HashMap<&TranscriptId, Vec<usize>> = HashMap::new();
    for (n, place) in places.iter().enumerate() {
        in_file.entry(&place.id).or_default().push(n);
    }
    let files: Vec<Vec<usize>> = in_file.into_values().collect();
    let next = AtomicUsize::new(0);
    let read = || {
        let mut found = Vec::new();
        while let Some(file) = files.get(next.fetch_add(1, Relaxed)) {
            let mut there: Vec<(usize, &Place)> =
                file.iter().filter_map(|n| Some((*n, places.get(*n)?))).collect();
            there.sort_unstable_by_key(|(_, place)| place.start);
            // A file that is gone has nothing to be found.
            let _ = in_one(sessions, &there, fits, &mut found);
        }
        found
    };
    let mut found: Vec<usize> = std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(read)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    found.sort_unstable();
    found
}

/// The same for messages of one transcript, in the order of their places.
fn in_one(
    sessions: &Path,
    places: &[(usize, &Place)],
    fits: &(dyn Fn(&[u8]) -> bool + Sync),
    found: &mut Vec<usize>,
) -> std::io::Result<()> {
    let Some((_, first)) = places.first() else { return Ok(()) };
    let file = File::open(sessions.join(format!("{}.sfs/messages.jsonl", first.id)))?;
    let mut reader = BufReader::with_capacity(BUFFER, file);
    let (mut at, mut line) = (0u64, Vec::new());
    for (n, place) in places {
        reader.seek_relative(place.start.cast_signed().saturating_sub(at.cast_signed()))?;
        line.clear();
        (&mut reader).take(place.length).read_to_end(&mut line)?;
        at = place.start + line.len() as u64;
        if fits(&line) {
            found.push(*n);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Time;
    use crate::model::message::Role;
    use proptest::prelude::*;

    #[test]
    fn the_longest_piece_of_plain_text() {
        let literal = |pattern| literal(pattern).unwrap_or_default();
        assert_eq!(literal("zebra.quartz.pan"), "quartz");
        assert_eq!(literal("colou?r is"), "r is");
        assert_eq!(literal("^abc+d*e"), "abc");
        assert_eq!(literal(r"kettle [0-9]+ \w\.rs"), "kettle ");
        assert_eq!(literal("[^abc]defg[h]"), "defg");
        for none in [
            "a|bcd",
            "(?i)abc",
            "[[:alpha:]]def",
            r"\x41bcd",
            r"[\]abc]def",
            "[]abc]def",
            "ab.cd",
            "say \"abc\"",
            "abc{0}",
        ] {
            assert_eq!(literal(none), "", "{none}");
        }
    }

    proptest! {
        #[test]
        fn what_fits_has_it(pattern in r"([a-c.*+?^$ ]|\[[ab]{1,2}\]|\\[db.]){1,12}", text in "[a-c ]{0,30}") {
            if let (Some(literal), Ok(pattern)) = (literal(&pattern), Regex::new(&pattern)) {
                prop_assert!(!pattern.is_match(&text) || text.contains(&literal));
            }
        }

    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn wherever_a_message_is_it_is_read_whole(lengths in prop::collection::vec(1u64..400_000, 1..6), left_out in any::<u8>()) {
            let dir = tempfile::tempdir().expect("a folder");
            let id: TranscriptId = "ses_0123456789abcdef".parse().expect("an id");
            let folder = dir.path().join(format!("{id}.sfs"));
            std::fs::create_dir(&folder).expect("made");
            let (mut text, mut places) = (Vec::new(), Vec::new());
            for (n, length) in lengths.iter().enumerate() {
                let start = text.len() as u64;
                text.resize(text.len() + *length as usize, b'a' + n as u8);
                if left_out >> n & 1 == 0 {
                    let (seq, role, time) = (n as u64, Role::User, Time(0));
                    places.insert(0, Place { id: id.clone(), seq, role, time, start, length: *length, score: 0.0 });
                }
            }
            std::fs::write(folder.join("messages.jsonl"), text).expect("written");
            let even = |line: &[u8]| line.first().is_some_and(|c| {
                line.iter().all(|b| b == c) && lengths.get((c - b'a') as usize) == Some(&(line.len() as u64)) && c % 2 == 0
            });
            let found: Vec<u64> = matching(dir.path(), &places, &even).into_iter().map(|n| places[n].seq).collect();
            let wanted: Vec<u64> = places.iter().map(|p| p.seq).filter(|seq| (seq + u64::from(b'a')) % 2 == 0).collect();
            prop_assert_eq!(found, wanted);
        }
    }
}
