//! Removing worktrees and anchors on many hosts: what `feature destroy`, `detach` and `repo remove`
//! share.

use std::time::Duration;

use serde_json::json;

use crate::engine::fan::{Fanned, fan, verdict};
use crate::engine::{Ctx, Done, Level};
use crate::error::{Code, Error, Result};
use crate::fleet::{self, sh};
use crate::model::live::Live;
use crate::model::removal::{Kept, Losses, Removal, Removed};
use crate::model::workspace::Feature;
use crate::model::{HostName, host};
use crate::sys::lock::{Lock, wait_lock};
use crate::sys::random;
use crate::workspace::removal::{self, About, Order, Place, Seen, Target, Where};

/// Lines of losses that an error tells; the result has them all.
const TOLD: usize = 20;

/// What is to be removed on one host.
pub(in crate::command) struct Wanted {
    pub(in crate::command) host: host::Host,
    pub(in crate::command) targets: Vec<Target>,
    /// A host that may have nothing of it: whether it answers does not matter.
    pub(in crate::command) optional: bool,
}

/// What was seen of one target, and the sessions that run in it.
struct Looked {
    seen: Result<Seen>,
    sessions: Vec<Live>,
}

/// Sf's data folder on a host, as a shell expression.
pub(in crate::command) fn data_dir(cx: &Ctx, name: &HostName) -> String {
    match cx.paths.data_dir().to_str().filter(|_| name.is_local()) {
        Some(path) => sh::quote(path),
        None => sh::DATA_DIR.to_owned(),
    }
}

/// How long one waits for another of our runs that removes or brings back.
const PATIENCE: Duration = Duration::from_secs(60);

/// The right to say what is wanted on a host: one run at a time removes worktrees there and then no
/// longer wants them, or wants some again and then brings them back, and nobody reads between the two.
///
/// # Errors
/// `conflict` when another run does not end.
pub(in crate::command) async fn alone(cx: &Ctx, host: &HostName) -> Result<Lock> {
    let path = cx.paths.lock_dir().join(format!("worktrees.{host}.lock"));
    // The host has to answer in the same time.
    let patience = cx.options.timeout.map_or(PATIENCE, |limit| limit / 2);
    wait_lock(&path, patience).await?.ok_or_else(|| {
        Error::conflict(format!("another sf removes worktrees of `{host}`, or brings some back"))
            .hint("run it again when that has ended")
    })
}

/// Removes what may be removed. Unless `force`, nothing at all is when work would be lost anywhere;
/// a host that does not answer holds up no other.
///
/// # Errors
/// Those of the store. Everything else is in the result, with the failure beside it.
pub(in crate::command) async fn remove(
    cx: &Ctx,
    features: &[Feature],
    wanted: &[Wanted],
    force: bool,
) -> Result<Done<Removal>> {
    let Decision { mut removal, mut failures, todo } = decide(cx, features, wanted, force).await?;
    if !removal.kept.iter().any(|kept| !kept.losses.is_empty()) {
        apply(cx, todo, force, &mut removal, &mut failures).await?;
    }
    let error = failure(&removal, &failures);
    Ok(Done::with(removal, error))
}

/// What [`remove`] would do, a line each: what goes, with all that would be lost with it, and what stays.
///
/// # Errors
/// `refused`, with what would be lost, where nothing would be removed without `force`.
pub(in crate::command) async fn plan(
    cx: &Ctx,
    features: &[Feature],
    wanted: &[Wanted],
    force: bool,
) -> Result<Vec<String>> {
    let Decision { removal, failures, todo } = decide(cx, features, wanted, force).await?;
    let lossy = removal.kept.iter().any(|kept| !kept.losses.is_empty());
    if lossy && let Some(error) = failure(&removal, &failures) {
        return Err(error);
    }
    let (mut lines, mut lost) = (Vec::new(), false);
    for (host, orders, _) in &todo {
        for (order, losses) in orders {
            let at = order.seen.path.as_deref().filter(|_| order.seen.place == Place::Present);
            let what = at.map_or("nothing is there".to_owned(), |path| format!("{path} goes"));
            lines.push(format!("{}: {what}", place(&host.name, &order.target)));
            lines.extend(losses.lines().into_iter().map(|line| format!("  {line}")));
            lost |= !losses.is_empty();
        }
    }
    for (place, error) in &failures {
        lines.push(format!("{place}: stays, because {error}"));
    }
    if lost {
        lines.push("All of this is kept in a trash on its host; `sf feature restore` brings it back.".into());
    }
    Ok(lines)
}

/// What is to be done, and what not.
struct Decision {
    removal: Removal,
    failures: Vec<(String, Error)>,
    todo: Vec<Todo>,
}

/// Looks at everything, and decides what may go.
async fn decide(cx: &Ctx, features: &[Feature], wanted: &[Wanted], force: bool) -> Result<Decision> {
    let hosts: Vec<host::Host> = wanted.iter().map(|w| w.host.clone()).collect();
    let looked = fan(cx, &hosts, |machine| {
        let here = wanted.iter().find(|w| w.host.name == *machine.name());
        async move {
            let Some(here) = here else { return Ok(Vec::new()) };
            look(cx, machine.as_ref(), here).await
        }
    });
    let (mut removal, mut failures, mut todo) = (Removal::default(), Vec::new(), Vec::new());
    for (here, Fanned { host, result }) in wanted.iter().zip(looked.await) {
        match result {
            Err(error) if here.optional => {
                cx.emit
                    .notice(Level::Warn, format!("{}: {error}; what may lie there is left", host.name))
                    .await;
            }
            Err(error) => {
                failures.push((host.name.to_string(), error.clone()));
                removal.kept.push(Kept {
                    host: host.name,
                    repo: None,
                    feature: None,
                    path: None,
                    losses: Losses::default(),
                    error,
                });
            }
            Ok(rows) => {
                let mut orders = Vec::new();
                let mut sessions = Vec::new();
                for (target, row) in here.targets.iter().zip(rows) {
                    match allowed(target, &row, force) {
                        Ok((seen, losses)) => {
                            sessions.extend(row.sessions);
                            orders.push((order(cx, &host.name, features, target, seen)?, losses));
                        }
                        Err(refusal) => {
                            let (losses, error) = *refusal;
                            failures.push((place(&host.name, target), error.clone()));
                            let path = row.seen.as_ref().ok().and_then(|seen| seen.path.clone());
                            removal.kept.push(kept(&host.name, target, path, losses, error));
                        }
                    }
                }
                todo.push((host, orders, sessions));
            }
        }
    }
    Ok(Decision { removal, failures, todo })
}

async fn look(cx: &Ctx, machine: &dyn fleet::Host, here: &Wanted) -> Result<Vec<Looked>> {
    let data = data_dir(cx, machine.name());
    let at = Where { root: here.host.root.as_deref(), data: &data, jobs: cx.options.jobs };
    let seen = removal::look(machine, at, &here.targets, !cx.options.dry_run).await?;
    let running: Vec<Live> = match machine.call("live.list", json!({})).await {
        Ok(rows) => serde_json::from_value(rows)?,
        // Sessions are kept by an sf; where none is, none runs.
        Err(error) if error.code == Code::Unsupported => Vec::new(),
        Err(error) => return Err(error),
    };
    let running: Vec<Live> = running.into_iter().filter(|live| live.state.lives()).collect();
    let rows = here.targets.iter().zip(seen).map(|(target, seen)| {
        let path = seen.as_ref().ok().and_then(|seen| seen.path.as_deref());
        let sessions = running.iter().filter(|live| runs_in(live, target, path)).cloned().collect();
        Looked { seen, sessions }
    });
    Ok(rows.collect())
}

/// Whether a session works in a worktree, or in the folder above it that all worktrees of the
/// feature share.
fn runs_in(live: &Live, target: &Target, path: Option<&str>) -> bool {
    let (Some(feature), Some(path)) = (target.feature(), path) else { return false };
    let repo = &target.repo().name;
    let named = live.feature.as_ref() == Some(feature) && live.repo.as_ref().is_none_or(|r| r == repo);
    let above = path.rsplit_once('/').map_or("", |(above, _)| above);
    let inside = live.workdir.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    named || inside || live.workdir == above
}

/// What may be removed and what would be lost with it, or why not.
fn allowed(target: &Target, row: &Looked, force: bool) -> Result<(Seen, Losses), Box<(Losses, Error)>> {
    let seen = row.seen.as_ref().map_err(|error| Box::new((Losses::default(), error.clone())))?;
    seen.check(target).map_err(|error| Box::new((Losses::default(), error)))?;
    let name = |live: &Live| live.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    let sessions = row.sessions.iter().map(|live| format!("{}{}", live.id, name(live))).collect();
    let losses = Losses { sessions, ..seen.losses.clone() };
    if force || losses.is_empty() {
        return Ok((seen.clone(), losses));
    }
    let error = Error::refused(format!("{} would be lost", losses.lines().join(", ")));
    Err(Box::new((losses, error)))
}

fn order(cx: &Ctx, host: &HostName, features: &[Feature], target: &Target, seen: Seen) -> Result<Order> {
    let repo = target.repo().clone();
    let at = cx.clock.now();
    let feature = target.feature().and_then(|name| features.iter().find(|f| f.name == *name));
    let about = About {
        host: Some(host.clone()),
        feature: target.feature().cloned(),
        branch: feature.map(|f| f.branch.clone()),
        base: feature.and_then(|f| f.base.clone()),
        repo,
        at,
    };
    // `+` is in no name, so the parts can be told apart.
    let entry = match target {
        Target::Tree(unit) => format!("{}+{}+", unit.feature, unit.repo.name),
        Target::Anchor(repo) => format!("{}+anchor+", repo.name),
    };
    let entry = format!("{entry}{}-{}", at.0, random::hex(3)?);
    Ok(Order { target: target.clone(), entry, about, seen })
}

type Todo = (host::Host, Vec<(Order, Losses)>, Vec<Live>);

async fn apply(
    cx: &Ctx,
    todo: Vec<Todo>,
    force: bool,
    removal: &mut Removal,
    failures: &mut Vec<(String, Error)>,
) -> Result<()> {
    let removed = |host: &HostName, order: &Order, trash: Option<String>| Removed {
        host: host.clone(),
        repo: order.target.repo().name.clone(),
        feature: order.target.feature().cloned(),
        path: order.seen.path.clone(),
        trash,
    };
    if cx.options.dry_run {
        for (host, orders, _) in &todo {
            removal.removed.extend(orders.iter().map(|(order, _)| removed(&host.name, order, None)));
        }
        return Ok(());
    }
    let hosts: Vec<host::Host> = todo.iter().map(|(host, ..)| host.clone()).collect();
    let answers = fan(cx, &hosts, |machine| {
        let here = todo.iter().find(|(host, ..)| host.name == *machine.name());
        async move {
            let Some((host, orders, sessions)) = here else { return Ok(Vec::new()) };
            let _alone = alone(cx, &host.name).await?;
            for live in sessions {
                machine.call("live.stop", json!({ "id": live.id, "force": false })).await?;
            }
            let data = data_dir(cx, machine.name());
            let at = Where { root: host.root.as_deref(), data: &data, jobs: cx.options.jobs };
            let orders: Vec<Order> = orders.iter().map(|(order, _)| order.clone()).collect();
            let results = removal::remove(machine.as_ref(), at, &orders, force).await?;
            let done = orders.iter().zip(&results).filter(|(_, result)| result.is_ok());
            let gone = done.filter_map(|(Order { target, .. }, _)| {
                Some((target.feature()?.clone(), target.repo().name.clone(), host.name.clone()))
            });
            cx.store.detach(gone.collect()).await?;
            Ok(results)
        }
    });
    for (Fanned { host, result }, (_, orders, _)) in answers.await.into_iter().zip(&todo) {
        let results = result.unwrap_or_else(|error| orders.iter().map(|_| Err(error.clone())).collect());
        for ((order, _), result) in orders.iter().zip(results) {
            match result {
                Ok(trash) => {
                    let row = removed(&host.name, order, trash);
                    cx.emit.item(&row).await;
                    // An anchor that was never there is no news.
                    if row.feature.is_some() || order.seen.place == Place::Present {
                        removal.removed.push(row);
                    }
                }
                Err(error) => {
                    failures.push((place(&host.name, &order.target), error.clone()));
                    let (path, losses) = (order.seen.path.clone(), Losses::default());
                    removal.kept.push(kept(&host.name, &order.target, path, losses, error));
                }
            }
        }
    }
    Ok(())
}

fn kept(host: &HostName, target: &Target, path: Option<String>, losses: Losses, error: Error) -> Kept {
    let (repo, feature) = (Some(target.repo().name.clone()), target.feature().cloned());
    Kept { host: host.clone(), repo, feature, path, losses, error }
}

fn place(host: &HostName, target: &Target) -> String {
    match target {
        Target::Tree(unit) => format!("{host} {}/{}", unit.feature, unit.repo.name),
        Target::Anchor(repo) => format!("{host} {}.anchor", repo.name),
    }
}

/// What is refused counts as refused, also when a host is down; else the rule of all fan-outs.
fn failure(removal: &Removal, failures: &[(String, Error)]) -> Option<Error> {
    let lines: Vec<String> = removal
        .kept
        .iter()
        .flat_map(|kept| {
            let repo = kept.repo.as_ref().map(|repo| format!(" {repo}")).unwrap_or_default();
            kept.losses.lines().into_iter().map(move |line| format!("{}{repo}: {line}", kept.host))
        })
        .collect();
    if !lines.is_empty() {
        let more = lines.len().saturating_sub(TOLD);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        let told: Vec<String> = lines.into_iter().take(TOLD).collect();
        return Some(
            Error::refused(format!("nothing was removed, because this would be lost: {}{more}", told.join("; ")))
                .hint("commit and push it, or `--force`: then everything is kept in a trash on its host, and `sf feature restore` brings it back"),
        );
    }
    if !failures.is_empty() && failures.iter().all(|(_, error)| error.code == Code::Refused) {
        let text: Vec<String> =
            failures.iter().map(|(place, error)| format!("{place}: {}", error.message)).collect();
        let refused = Error::refused(text.join("; "));
        return Some(
            failures.iter().flat_map(|(_, e)| e.hints.first()).fold(refused, |e, hint| e.hint(hint.clone())),
        );
    }
    verdict(failures.iter().map(|(place, error)| (place.as_str(), error)))
}
