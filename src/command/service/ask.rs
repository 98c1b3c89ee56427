//! What the commands of this group share.

use serde::Serialize;
use serde_json::json;

use crate::command::args::Hosts;
use crate::engine::{Ctx, Done, fan, verdict};
use crate::error::Result;
use crate::live::service::Service;
use crate::model::HostName;

/// The service of a host.
#[derive(Clone, Debug, Serialize)]
pub struct Serviced {
    /// The host.
    pub host: HostName,
    /// How it is there.
    #[serde(flatten)]
    pub service: Service,
}

/// Asks hosts, this machine unless others are named.
pub(super) async fn ask(cx: &Ctx, hosts: &Hosts, verb: &str) -> Result<Done<Vec<Serviced>>> {
    let hosts = hosts.resolve(cx, &[HostName::local()]).await?;
    let verb = if cx.options.dry_run { "status" } else { verb };
    let method = format!("service.{verb}");
    let answers = fan(cx, &hosts, |host| {
        let method = method.clone();
        async move { Ok(serde_json::from_value::<Service>(host.call(&method, json!({})).await?)?) }
    });
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for answer in answers.await {
        match answer.result {
            Ok(service) => rows.push(Serviced { host: answer.host.name, service }),
            Err(error) => failures.push((answer.host.name.to_string(), error)),
        }
    }
    Ok(Done::with(rows, verdict(failures.iter().map(|(host, error)| (host.as_str(), error)))))
}
