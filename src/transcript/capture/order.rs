//! In which order sessions are read that were never read before.

use std::collections::HashMap;
use std::time::SystemTime;

use crate::tool::{Session, Tool};

/// How many origins of origins are followed.
const DEPTH: usize = 64;

/// The newest first, since they are looked for first; but within a family the oldest, so that an
/// origin is there before its forks.
pub fn newest_first(tool: &dyn Tool, fresh: Vec<Session>) -> Vec<Session> {
    let families: HashMap<String, String> =
        fresh.iter().filter_map(|session| Some((session.native_id.clone(), tool.family(session)?))).collect();
    let mut groups: HashMap<String, (SystemTime, Vec<Session>)> = HashMap::new();
    for session in fresh {
        let mut family = session.native_id.clone();
        for _ in 0..DEPTH {
            match families.get(&family) {
                Some(next) if *next != family => family.clone_from(next),
                _ => break,
            }
        }
        let group = groups.entry(family).or_insert((SystemTime::UNIX_EPOCH, Vec::new()));
        group.0 = group.0.max(tool.changed(&session));
        group.1.push(session);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    for (_, group) in groups.iter_mut().filter(|(_, group)| group.len() > 1) {
        group.sort_by_cached_key(|session| (tool.age(session), session.native_id.clone()));
    }
    let id = |group: &Vec<Session>| group.first().map(|session| session.native_id.clone());
    groups.sort_by_cached_key(|(changed, group)| (std::cmp::Reverse(*changed), id(group)));
    groups.into_iter().flat_map(|(_, group)| group).collect()
}
