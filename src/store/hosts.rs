//! Hosts, and what the last probe of each found.

use rusqlite::OptionalExtension;

use super::Store;
use crate::error::{Error, Result};
use crate::model::HostName;
use crate::model::host::{Host, HostStatus};

impl Store {
    /// Every host with its last known state, `local` first, then by name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn hosts(&self) -> Result<Vec<(Host, HostStatus)>> {
        let mut rows = self
            .state()?
            .read(|db| {
                let mut query =
                    db.prepare_cached("select name, target, root, status from host order by name")?;
                let rows = query.query_map([], read_row)?;
                rows.collect::<rusqlite::Result<Vec<_>>>().map_err(Error::from)
            })
            .await?
            .into_iter()
            .map(|row| row.decode())
            .collect::<Result<Vec<_>>>()?;
        match rows.iter().position(|(host, _)| host.name.is_local()) {
            Some(at) => rows[..=at].rotate_right(1),
            None => rows.insert(0, (Host::local(), HostStatus::unknown(&Host::local()))),
        }
        Ok(rows)
    }

    /// A host by name; `local` always exists.
    ///
    /// # Errors
    /// `not_found` with the known names.
    pub async fn host(&self, name: &HostName) -> Result<Host> {
        let hosts = self.hosts().await?;
        if let Some((host, _)) = hosts.iter().find(|(host, _)| &host.name == name) {
            return Ok(host.clone());
        }
        let known: Vec<&str> = hosts.iter().map(|(host, _)| host.name.as_str()).collect();
        Err(Error::not_found(format!("no host is called `{name}`"))
            .hint(format!("known hosts: {}", known.join(", ")))
            .hint("`sf host add NAME TARGET` adds one"))
    }

    /// Adds a host. Adding it again with the same values changes nothing.
    ///
    /// # Errors
    /// `conflict` when the name is taken by another target.
    pub async fn add_host(&self, host: Host) -> Result<bool> {
        self.state()?
            .write(move |db| {
                let old: Option<(String, Option<String>)> = db
                    .query_row("select target, root from host where name = ?1", [host.name.as_str()], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })
                    .optional()?;
                match old {
                    Some((target, root)) if target == host.target && root == host.root => Ok(false),
                    Some((target, _)) => Err(Error::conflict(format!(
                        "host `{}` exists already, with target `{target}`",
                        host.name
                    ))
                    .hint(format!("`sf host remove {}` forgets it first", host.name))),
                    None => {
                        db.execute(
                            "insert into host (name, target, root) values (?1, ?2, ?3)",
                            (host.name.as_str(), &host.target, &host.root),
                        )?;
                        Ok(true)
                    }
                }
            })
            .await
    }

    /// Keeps what a probe found, for lists.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn save_host_status(&self, mut status: HostStatus) -> Result<()> {
        self.state()?
            .write(move |db| {
                let old: Option<Option<String>> = db
                    .query_row("select status from host where name = ?1", [status.name.as_str()], |r| {
                        r.get(0)
                    })
                    .optional()?;
                if let Some(old) = old.flatten().and_then(|json| serde_json::from_str(&json).ok()) {
                    status.remember(&old);
                }
                let json = serde_json::to_string(&status)?;
                if status.name.is_local() {
                    db.execute(
                        "insert into host (name, target, status) values ('local', 'local', ?1)
                         on conflict (name) do update set status = excluded.status",
                        [json],
                    )?;
                } else {
                    db.execute("update host set status = ?2 where name = ?1", (status.name.as_str(), json))?;
                }
                Ok(())
            })
            .await
    }

    /// Forgets a host.
    ///
    /// # Errors
    /// `refused` while features are attached to it.
    pub async fn remove_host(&self, name: &HostName) -> Result<()> {
        let name = name.clone();
        self.state()?
            .write(move |db| {
                let mut query =
                    db.prepare("select distinct feature from attachment where host = ?1 order by feature")?;
                let features = query
                    .query_map([name.as_str()], |row| row.get::<_, String>(0))?
                    .collect::<rusqlite::Result<Vec<_>>>()?;
                if !features.is_empty() {
                    return Err(Error::refused(format!(
                        "host `{name}` still has worktrees of: {}",
                        features.join(", ")
                    ))
                    .hint(format!("`sf detach FEATURE REPO --host {name}` first")));
                }
                db.execute("delete from host where name = ?1", [name.as_str()])?;
                Ok(())
            })
            .await
    }
}

struct Row {
    name: String,
    target: String,
    root: Option<String>,
    status: Option<String>,
}

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row { name: row.get(0)?, target: row.get(1)?, root: row.get(2)?, status: row.get(3)? })
}

impl Row {
    fn decode(self) -> Result<(Host, HostStatus)> {
        let host = Host { name: self.name.parse()?, target: self.target, root: self.root };
        // A status of another version is only a cache: start again from nothing.
        let status = self.status.and_then(|json| serde_json::from_str::<HostStatus>(&json).ok());
        let status = status.unwrap_or_else(|| HostStatus::unknown(&host));
        Ok((host, status))
    }
}
