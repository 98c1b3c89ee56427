//! Looking for a pattern in the transcripts themselves.
//!
//! Most patterns hold a piece of plain text. Then the files are first searched for its bytes, which
//! goes as fast as they can be read, and only the lines around it are understood and matched.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use regex::{Regex, bytes};

use super::{Files, Found, Place, Search, hit, snippet};
use crate::model::TranscriptId;

/// Bytes of a file that are looked at together.
const BLOCK: usize = 1024 * 1024;
/// Threads that read files.
const THREADS: usize = 4;

/// Looks at every message itself.
pub fn scan(sessions: &Path, places: Vec<Place>, pattern: &Regex, search: &Search) -> Found {
    let literal = literal(&search.query).and_then(|text| bytes::Regex::new(&regex::escape(&text)).ok());
    let near = literal.map(|literal| everywhere(sessions, &places, &literal));
    let mut files = Files::new(sessions);
    let mut found = Found::default();
    for place in places {
        if near.as_ref().is_some_and(|near| !is_near(near, &place)) {
            continue;
        }
        let Some(text) = files.text(&place) else { continue };
        let Some(first) = pattern.find(&text) else { continue };
        found.total += 1;
        if search.limit == 0 || (found.hits.len() as u64) < search.limit {
            let snippet = snippet::around(&text, &[(first.start(), first.end())], search.context);
            found.hits.push(hit(place, snippet));
        }
    }
    found
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

/// Where a text is in each of the transcripts: offsets, in order.
fn everywhere(sessions: &Path, places: &[Place], literal: &bytes::Regex) -> HashMap<TranscriptId, Vec<u64>> {
    let ids: HashSet<&TranscriptId> = places.iter().map(|place| &place.id).collect();
    let ids: Vec<&TranscriptId> = ids.into_iter().collect();
    let next = AtomicUsize::new(0);
    let read = || {
        let mut near = Vec::new();
        let mut block = Vec::new();
        while let Some(id) = ids.get(next.fetch_add(1, Relaxed)) {
            near.push(((*id).clone(), offsets(sessions, id, literal, &mut block)));
        }
        near
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(read)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    })
}

/// Where a text is in one transcript. Blocks overlap by what is needed to find it on their border.
fn offsets(sessions: &Path, id: &TranscriptId, literal: &bytes::Regex, block: &mut Vec<u8>) -> Vec<u64> {
    let overlap = literal.as_str().len();
    let mut found = Vec::new();
    let Ok(mut file) = File::open(sessions.join(format!("{id}.sfs/messages.jsonl"))) else { return found };
    let mut start = 0;
    block.clear();
    loop {
        let kept = block.len();
        let read = (&mut file).take(BLOCK as u64).read_to_end(block).unwrap_or(0);
        found.extend(literal.find_iter(block).map(|m| start + m.start() as u64));
        if read == 0 {
            found.dedup();
            return found;
        }
        debug_assert!(kept <= overlap);
        let surplus = block.len().saturating_sub(overlap);
        start += surplus as u64;
        block.drain(..surplus);
    }
}

fn is_near(near: &HashMap<TranscriptId, Vec<u64>>, place: &Place) -> bool {
    let Some(offsets) = near.get(&place.id) else { return false };
    let first = offsets.partition_point(|at| *at < place.start);
    offsets.get(first).is_some_and(|at| *at < place.start + place.length)
}

#[cfg(test)]
mod tests {
    use super::*;
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
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn it_is_found_on_every_border(before in 0usize..40, n in 1usize..4) {
            let dir = tempfile::tempdir().expect("a folder");
            let id: TranscriptId = "ses_0123456789abcdef".parse().expect("an id");
            let folder = dir.path().join(format!("{id}.sfs"));
            std::fs::create_dir(&folder).expect("made");
            let mut text = vec![b'x'; BLOCK * n + 60];
            let at = BLOCK * n - 20 + before;
            text[at..at + 6].copy_from_slice(b"needle");
            std::fs::write(folder.join("messages.jsonl"), text).expect("written");
            let literal = bytes::Regex::new("needle").expect("a pattern");
            prop_assert_eq!(offsets(dir.path(), &id, &literal, &mut Vec::new()), [at as u64]);
        }
    }
}
