//! The same step on many hosts at once, none waiting for another.

use std::future::Future;
use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::Semaphore;

use super::{Ctx, Origin};
use crate::error::{Code, Error, Result};
use crate::fleet;
use crate::model::host::Host;

/// What one host answered.
#[derive(Debug)]
pub struct Fanned<T> {
    /// The host.
    pub host: Host,
    /// Its answer.
    pub result: Result<T>,
}

/// Runs `step` on every host at once, each under the deadline of `--timeout`; answers come back in
/// the order of `hosts`. A host that misses its deadline is `unreachable`.
///
/// Hosts do not count against `--jobs`: they wait for the network, not for us, and one that hangs
/// must not keep another from starting. Beyond 64 they take turns, for the sake of file descriptors.
pub async fn fan<T, F, Fut>(cx: &Ctx, hosts: &[Host], step: F) -> Vec<Fanned<T>>
where
    F: Fn(Arc<dyn fleet::Host>) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    let mut done = 0;
    fan_told(cx, hosts, step, |host, result| {
        done += 1;
        let word = if result.is_ok() { "done" } else { "failed" };
        cx.emit.progress(done, hosts.len() as u64, format!("{}: {word}", host.name));
    })
    .await
}

/// The same for a step that has progress of its own to tell: `told` hears of each host as it ends.
pub async fn fan_told<T, F, Fut>(
    cx: &Ctx,
    hosts: &[Host],
    step: F,
    mut told: impl FnMut(&Host, &Result<T>),
) -> Vec<Fanned<T>>
where
    F: Fn(Arc<dyn fleet::Host>) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    let places = Semaphore::new(64);
    let mut running: FuturesUnordered<_> = hosts
        .iter()
        .enumerate()
        .map(|(index, host)| {
            let (step, places) = (&step, &places);
            async move {
                let _place = places.acquire().await;
                (index, one(cx, host, step).await)
            }
        })
        .collect();
    let mut results: Vec<Option<Result<T>>> = hosts.iter().map(|_| None).collect();
    while let Some((index, result)) = running.next().await {
        told(&hosts[index], &result);
        results[index] = Some(result);
    }
    let rows = hosts.iter().cloned().zip(results);
    rows.filter_map(|(host, result)| result.map(|result| Fanned { host, result })).collect()
}

async fn one<T, F, Fut>(cx: &Ctx, host: &Host, step: &F) -> Result<T>
where
    F: Fn(Arc<dyn fleet::Host>) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    if !host.name.is_local() {
        cx.check_ssh()?;
    }
    let machine = cx.fleet.host(host);
    // What a person asks for is tried at once; the cockpit's own looks leave a dead host in peace.
    if let Some(error) = machine.resting().filter(|_| cx.origin == Origin::Ui) {
        return Err(error);
    }
    let answer = step(machine);
    match cx.options.timeout {
        None => answer.await,
        Some(limit) => tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
            Err(Error::unreachable(format!("`{}` did not answer within {} ms", host.name, limit.as_millis())))
        }),
    }
}

/// The failure of a fan-out as a whole: `None` when every host did well, `unreachable` when the only
/// failures are hosts that could not be reached, else `partial`.
pub fn verdict<'a>(failures: impl IntoIterator<Item = (&'a str, &'a Error)>) -> Option<Error> {
    let failures: Vec<(&str, &Error)> = failures.into_iter().collect();
    if failures.is_empty() {
        return None;
    }
    let only_unreachable = failures.iter().all(|(_, error)| error.code == Code::Unreachable);
    let code = if only_unreachable { Code::Unreachable } else { Code::Partial };
    let text: Vec<String> = failures.iter().map(|(place, error)| format!("{place}: {error}")).collect();
    let mut error = Error::new(code, text.join("; "));
    for hint in failures.iter().flat_map(|(_, error)| &error.hints) {
        if !error.hints.contains(hint) {
            error.hints.push(hint.clone());
        }
    }
    Some(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreachable_hosts_make_it_unreachable() {
        let (down, broken) = (Error::unreachable("no route"), Error::tool("git failed"));
        assert!(verdict([]).is_none());
        assert_eq!(verdict([("a", &down)]).expect("an error").code, Code::Unreachable);
        assert_eq!(verdict([("a", &down), ("b", &broken)]).expect("an error").code, Code::Partial);
        assert_eq!(verdict([("b", &broken)]).expect("an error").code, Code::Partial);
    }
}
