//! How capturing goes, looked at now and then: for the picture that the cockpit draws.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::config::Settings;
use crate::error::{Error, Result};
use crate::model::HostName;
use crate::model::health::Health;
use crate::store::Store;
use crate::sys::Env;
use crate::tool;
use crate::transcript::health;

/// The first picture comes before the first look.
const FIRST: Duration = Duration::from_secs(2);
/// Between two looks: each walks through the stores of all tools.
const PAUSE: Duration = Duration::from_secs(300);

/// Looks until nobody wants to know any more.
pub(crate) async fn serve(store: Store, env: Env, poke: Arc<Notify>, tell: watch::Sender<Arc<Vec<Health>>>) {
    let mut pause = FIRST;
    while !tell.is_closed() {
        tokio::time::sleep(std::mem::replace(&mut pause, PAUSE)).await;
        match look(&store, &env).await {
            Ok(found) if **tell.borrow() != found => {
                tell.send_replace(Arc::new(found));
                poke.notify_one();
            }
            Ok(_) => {}
            Err(e) => tracing::warn!("the health of tools: {e}"),
        }
    }
}

/// Every tool, as it is now.
///
/// # Errors
/// Those of the store.
pub async fn look(store: &Store, env: &Env) -> Result<Vec<Health>> {
    let tallies = match store.paths().state_db().exists() {
        true => store.capture_tallies(&HostName::local()).await?,
        // Looking makes nothing.
        false => Default::default(),
    };
    let (env, disabled) = (env.clone(), Settings::load(&store.paths().settings()).settings.capture.disabled);
    let look = move || {
        let rows = tool::all().iter().map(|tool| {
            let tally = tallies.get(&tool.id()).copied().unwrap_or_default();
            health::look(*tool, &env, !disabled.contains(&tool.id()), tally)
        });
        rows.collect()
    };
    tokio::task::spawn_blocking(look)
        .await
        .map_err(|e| Error::internal(format!("looking at the tools ended early: {e}")))
}
