//! Hosts, a line each: what is best said in other words than in those of the result.

use serde_json::Value;

use super::table;
use crate::model::host::HostStatus;
use crate::model::quantity;

/// What people want of a host, most wanted first.
const COLUMNS: &[&str] = &[
    "name",
    "state",
    "target",
    "rtt_ms",
    "os",
    "arch",
    "cpus",
    "load1",
    "mem_used_pct",
    "disk_free",
    "live",
    "agent",
    "git",
    "tools",
    "error",
];

/// `host list`, `host check`: disk in a unit that one can read, tools with their versions.
pub(super) fn table(value: &Value, width: Option<usize>, color: bool) -> String {
    let mut rows = value.clone();
    for row in rows.as_array_mut().into_iter().flatten() {
        let Ok(host) = serde_json::from_value::<HostStatus>(row.clone()) else { continue };
        row["tools"] = host.tools_with_versions().into();
        row["disk_free"] = host.disk_free_bytes.map(quantity::bytes).into();
    }
    table::result(&rows, &|_| Some(COLUMNS), width, color)
}
