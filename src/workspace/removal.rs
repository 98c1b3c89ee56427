//! Removing worktrees, branches and anchors without ever losing work.
//!
//! ```text
//! look (fetch, list what would be lost)  ──►  refuse, or  ──►  remove
//!                                                     under the repository's lock: look again,
//!                                                     keep in the trash, read back, only then remove
//! ```
//!
//! A worktree counts only at its very place after symbolic links were resolved; anything else is
//! left alone. An entry of the trash is a folder `trash/<feature>+<repo>+<when>` below sf's data
//! folder on the host: `commits.bundle`, `files.tar.gz`, git's own files of the worktree, and
//! `about.json`. The commits are pinned in the anchor, too, as `refs/sf/trash/<entry>`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::departures::{CHECK, RECORD};
use super::lock::{LOCK, failure};
use super::unit::{Unit, of_repo, pairs};
use crate::error::{Error, Result};
use crate::fleet::sh::{folder, quote};
use crate::fleet::{Host, Output, Step};
use crate::model::removal::Losses;
use crate::model::workspace::Repo;
use crate::model::{FeatureName, HostName, Time};

const LOSSES: &str = include_str!("removal/losses.sh");
const KEEP: &str = include_str!("removal/keep.sh");
pub(super) const UNDO: &str = include_str!("removal/undo.sh");
pub(super) const PIN: &str = include_str!("removal/pin.sh");
const ANCHOR: &str = include_str!("removal/anchor.sh");
const KEEP_ANCHOR: &str = include_str!("removal/keep_anchor.sh");
const RESTORE: &str = include_str!("removal/restore.sh");
const ANCHOR_BACK: &str = include_str!("removal/anchor_back.sh");
const LIST: &str = include_str!("removal/list.sh");

/// Asks the remote what it still has, so that "pushed" is true.
const ASK: &str = r#"asked=
if [ -d "$G" ]; then
  lock
  g fetch --quiet --prune origin '+refs/heads/*:refs/remotes/origin/*' 2>/dev/null && asked=1
fi
[ -z "$asked" ] || echo asked
"#;

/// Where to work on a host.
#[derive(Clone, Copy, Debug)]
pub struct Where<'a> {
    /// The host's root, as the user gave it.
    pub root: Option<&'a str>,
    /// A shell expression for sf's data folder there.
    pub data: &'a str,
    /// Repositories at once.
    pub jobs: usize,
}

/// What is to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A worktree and its branch.
    Tree(Unit),
    /// The clone that worktrees share.
    Anchor(Repo),
}

impl Target {
    /// Its repository.
    pub const fn repo(&self) -> &Repo {
        match self {
            Self::Tree(unit) => &unit.repo,
            Self::Anchor(repo) => repo,
        }
    }

    /// Its feature.
    pub const fn feature(&self) -> Option<&FeatureName> {
        match self {
            Self::Tree(unit) => Some(&unit.feature),
            Self::Anchor(_) => None,
        }
    }

    fn variables(&self, root: Option<&str>) -> String {
        match self {
            Self::Tree(unit) => unit.variables(root),
            Self::Anchor(repo) => of_repo(repo, root),
        }
    }

    const fn look(&self) -> &'static str {
        match self {
            Self::Tree(_) => LOSSES,
            Self::Anchor(_) => ANCHOR,
        }
    }
}

/// What is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// Nothing, or only a branch.
    #[default]
    Absent,
    /// What we made.
    Present,
    /// Something else.
    Foreign,
    /// It leads out of the managed folders by a symbolic link.
    Elsewhere,
}

/// What was seen of a [`Target`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Where it is.
    pub path: Option<String>,
    /// What is there.
    pub place: Place,
    /// What would be lost.
    pub losses: Losses,
    /// Worktrees of somebody else that need the branch or the anchor.
    pub held: Vec<String>,
    asked: bool,
    looked: bool,
    changed: bool,
    removed: bool,
    entry: Option<String>,
}

impl Seen {
    /// Why it may not be touched, whatever the user says.
    ///
    /// # Errors
    /// `refused`.
    pub fn check(&self, target: &Target) -> Result<()> {
        let path = self.path.as_deref().unwrap_or("its place");
        match self.place {
            Place::Foreign => Err(Error::refused(format!("`{path}` is nothing that sf made"))
                .hint("it is left alone; move it away yourself")),
            Place::Elsewhere => {
                Err(Error::refused(format!("`{path}` leads out of sf's folders by a symbolic link"))
                    .hint("it is left alone; what it leads to is yours"))
            }
            Place::Absent | Place::Present => match (target, self.held.as_slice()) {
                (Target::Anchor(_), [first, ..]) => {
                    Err(Error::refused(format!("the worktree `{first}` needs the clone `{path}`"))
                        .hint("it was not made by sf; remove it with `git worktree remove` first"))
                }
                _ => Ok(()),
            },
        }
    }
}

/// What restoring needs to know: `about.json` of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// What the host was called by whoever removed it; a machine may have several names.
    #[serde(default)]
    pub host: Option<HostName>,
    /// The feature; `None` for an anchor.
    #[serde(default)]
    pub feature: Option<FeatureName>,
    /// Its branch.
    #[serde(default)]
    pub branch: Option<String>,
    /// Its base, if it had one of its own.
    #[serde(default)]
    pub base: Option<String>,
    /// The repository.
    pub repo: Repo,
    /// When it was removed.
    pub at: Time,
}

/// One removal to be done.
#[derive(Clone, Debug)]
pub struct Order {
    /// What.
    pub target: Target,
    /// The name of its entry in the trash.
    pub entry: String,
    /// What the entry says about itself.
    pub about: About,
    /// What was seen before.
    pub seen: Seen,
}

/// Looks what would be lost; an answer for each target, in order. With `fetch` the remotes are
/// asked first.
///
/// # Errors
/// When the host cannot be asked.
pub async fn look(
    host: &dyn Host,
    at: Where<'_>,
    targets: &[Target],
    fetch: bool,
) -> Result<Vec<Result<Seen>>> {
    let script = |target: &Target| {
        let ask = if fetch { [LOCK, ASK].concat() } else { "asked=1\n".to_owned() };
        format!("{}{ask}{}exit 0\n", target.variables(at.root), target.look())
    };
    let steps = steps_of(targets.iter(), script);
    let outputs = ask(host, steps, at.jobs).await?;
    Ok(outputs.iter().map(|output| read(output, !fetch)).collect())
}

/// Removes; without `force` only what loses nothing at that very moment.
///
/// # Errors
/// When the host cannot be asked. An order that fails is an error in its place, and leaves
/// everything where it was.
pub async fn remove(
    host: &dyn Host,
    at: Where<'_>,
    orders: &[Order],
    force: bool,
) -> Result<Vec<Result<Option<String>>>> {
    let script = |order: &Order| {
        let about = serde_json::to_string(&order.about).unwrap_or_default();
        let (undo, pin, keep) = match order.target {
            Target::Tree(_) => (UNDO, PIN, KEEP),
            Target::Anchor(_) => ("record +anchor\n", "", KEEP_ANCHOR),
        };
        format!(
            "{}D={} I={} about={} asked={} force={}\n{LOCK}{RECORD}lock\n{undo}{}{pin}{keep}",
            order.target.variables(at.root),
            at.data,
            quote(&order.entry),
            quote(&about),
            if order.seen.asked { "1" } else { "" },
            if force { "1" } else { "" },
            order.target.look(),
        )
    };
    let lanes = lanes(orders.iter().map(|order| order.target.repo()));
    let steps = orders.iter().zip(lanes).map(|(order, lane)| Step { script: script(order), lane });
    let outputs = ask(host, steps.collect(), at.jobs).await?;
    Ok(outputs.iter().map(done).collect())
}

fn done(output: &Output) -> Result<Option<String>> {
    let seen = read(output, true)?;
    if seen.removed || (seen.place == Place::Absent && !seen.changed) {
        return Ok(seen.entry);
    }
    let why = if seen.changed { "something came up there meanwhile" } else { "it is no longer what it was" };
    Err(Error::refused(why).hint("nothing was removed; run it again"))
}

/// What a host's trash holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trash {
    /// The entries that were not brought back yet, oldest first. Those that cannot be read belong to
    /// another version and are passed over.
    pub entries: Vec<(String, About)>,
    /// Of each repository the newest removal, for [`Back::seen`].
    pub newest: BTreeMap<String, String>,
}

/// Looks into a host's trash.
///
/// # Errors
/// When the host cannot be asked.
pub async fn trash(host: &dyn Host, at: Where<'_>) -> Result<Trash> {
    let step = Step { script: format!("R={} D={}\n{LIST}", folder(at.root), at.data), lane: 0 };
    let outputs = ask(host, vec![step], 1).await?;
    let mut trash = Trash::default();
    for (key, value) in outputs.iter().flat_map(|output| pairs(&output.stdout)) {
        match (key, value.split_once(' ')) {
            ("entry", Some((entry, json))) => {
                trash.entries.extend(serde_json::from_str(json).ok().map(|about| (entry.to_owned(), about)));
            }
            ("last", Some((repo, entry))) => drop(trash.newest.insert(repo.to_owned(), entry.to_owned())),
            _ => {}
        }
    }
    trash.entries.sort_by_key(|(_, about)| about.at);
    Ok(trash)
}

/// An entry that is to be brought back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Back {
    /// Its name.
    pub entry: String,
    /// What it was.
    pub unit: Unit,
    /// The newest removal of its repository that was seen; after another one nothing is brought back.
    pub seen: String,
}

/// What became of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Where the worktree is.
    pub path: Option<String>,
    /// Whether something else stands in its place; then nothing was done.
    pub occupied: bool,
    /// What is not as it was, in words.
    pub notes: Vec<String>,
}

/// Brings entries back; an answer for each, in order. A clone that is gone comes from the trash,
/// too, else from its remote.
///
/// # Errors
/// When the host cannot be asked.
pub async fn restore(host: &dyn Host, at: Where<'_>, entries: &[Back]) -> Result<Vec<Result<Restored>>> {
    let lanes = lanes(entries.iter().map(|back| &back.unit.repo));
    let mut steps = Vec::new();
    for (Back { entry, unit, seen }, lane) in entries.iter().zip(lanes) {
        let (entry, last) = (quote(entry), quote(seen));
        let head = format!("{}D={} I={entry} seen={last}\n{LOCK}", unit.variables(at.root), at.data);
        steps.push(Step { script: format!("{head}{ANCHOR_BACK}"), lane });
        steps.push(Step { script: super::anchor::clone(&unit.repo, at.root, seen), lane });
        let forget = super::tree::FORGET;
        steps.push(Step { script: format!("{head}lock\n{CHECK}{UNDO}{PIN}{forget}{RESTORE}"), lane });
    }
    let outputs = ask(host, steps, at.jobs).await?;
    Ok(outputs.chunks_exact(3).map(restored).collect())
}

fn restored(outputs: &[Output]) -> Result<Restored> {
    let Some(last) = outputs.last() else { return Ok(Restored::default()) };
    if last.status != 0 {
        // A clone that could not be made says more than that it is missing.
        return Err(failure(outputs.iter().find(|output| output.status != 0).unwrap_or(last)));
    }
    let mut restored = Restored::default();
    for (key, value) in pairs(&last.stdout) {
        match key {
            "path" => restored.path = Some(value.to_owned()),
            "occupied" => restored.occupied = true,
            "note" => restored.notes.push(value.to_owned()),
            _ => {}
        }
    }
    Ok(restored)
}

fn steps_of<'a>(
    targets: impl Iterator<Item = &'a Target> + Clone,
    script: impl Fn(&Target) -> String,
) -> Vec<Step> {
    let lanes = lanes(targets.clone().map(Target::repo));
    targets.zip(lanes).map(|(target, lane)| Step { script: script(target), lane }).collect()
}

/// Targets of one repository share a lane, because they share its anchor.
fn lanes<'a>(repos: impl Iterator<Item = &'a Repo>) -> Vec<u32> {
    let mut names = Vec::new();
    repos
        .map(|repo| {
            let at = names.iter().position(|name| *name == &repo.name).unwrap_or_else(|| {
                names.push(&repo.name);
                names.len() - 1
            });
            u32::try_from(at).unwrap_or(u32::MAX)
        })
        .collect()
}

/// Reads what the scripts say.
fn read(output: &Output, asked: bool) -> Result<Seen> {
    if output.status != 0 {
        return Err(failure(output));
    }
    let seen = parse(&output.stdout, asked);
    if seen.place == Place::Present && !seen.looked {
        return Err(Error::tool("the host did not say what is there"));
    }
    Ok(seen)
}

fn parse(text: &str, asked: bool) -> Seen {
    let mut seen = Seen { asked, ..Seen::default() };
    for (key, value) in pairs(text) {
        let value = value.to_owned();
        match key {
            "path" => seen.path = Some(value),
            "asked" => seen.asked = true,
            "place" => {
                seen.place = match value.as_str() {
                    "absent" => Place::Absent,
                    "present" => Place::Present,
                    "elsewhere" => Place::Elsewhere,
                    _ => Place::Foreign,
                }
            }
            "uncommitted" => drop(seen.losses.uncommitted.insert(value)),
            "untracked" => drop(seen.losses.untracked.insert(value)),
            "ignored" => drop(seen.losses.ignored.insert(value)),
            "commit" => seen.losses.unpushed.push(value),
            "stash" => seen.losses.stashes.push(value),
            "held" => seen.held.push(value),
            "looked" => seen.looked = true,
            "changed" => seen.changed = true,
            "kept-as" => seen.entry = Some(value),
            "removed" => seen.removed = true,
            _ => {}
        }
    }
    seen
}

async fn ask(host: &dyn Host, steps: Vec<Step>, jobs: usize) -> Result<Vec<Output>> {
    let wanted = steps.len();
    if wanted == 0 {
        return Ok(Vec::new());
    }
    let outputs = host.steps(steps, jobs).await?;
    if outputs.len() == wanted { Ok(outputs) } else { Err(Error::internal("a step without an answer")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_would_be_lost_is_read() {
        let seen = parse(
            "path /h/features/pay/core\nplace present\nuncommitted a b\nuntracked c\nignored .env\n\
             commit 1f a change\nstash WIP on feat/pay: 1f x\nheld /elsewhere\nlooked\n",
            false,
        );
        assert_eq!((seen.place, seen.looked, seen.asked), (Place::Present, true, false));
        assert_eq!(
            seen.losses.lines(),
            [
                "uncommitted: a b",
                "untracked: c",
                "ignored: .env",
                "unpushed commit: 1f a change",
                "stash: WIP on feat/pay: 1f x"
            ]
        );
    }

    #[test]
    fn an_answer_that_stops_early_is_no_permission() {
        let output = Output { stdout: "path /x\nplace present\n".into(), ..Output::default() };
        assert!(read(&output, true).is_err());
        assert!(done(&output).is_err());
    }

    proptest! {
        #[test]
        fn any_answer_is_read(text in "((place|commit|held|entry|changed|note)[ ]?[a-z0-9 ]{0,10}\n?){0,8}") {
            let _ = parse(&text, true);
        }
    }
}
