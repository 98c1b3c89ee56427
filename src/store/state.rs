//! Everything that a bundle carries, taken in at once.

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::Store;
use crate::error::{Error, Result};
use crate::model::host::Host;
use crate::model::workspace::{Feature, Repo, RepoOptions};

/// Hosts, repositories and features.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Hosts, without this machine.
    pub hosts: Vec<Host>,
    /// Repositories.
    pub repos: Vec<Repo>,
    /// Features with what is attached to them.
    pub features: Vec<Feature>,
}

impl Store {
    /// Takes in a state in one transaction; `finish` is its last step. With `replace` what is not
    /// part of it is forgotten.
    ///
    /// # Errors
    /// `conflict` when a name has other values here, `usage` when something is attached that is
    /// not there; those of `finish`. Then nothing has changed.
    pub async fn import_state(
        &self,
        state: State,
        replace: bool,
        finish: impl FnOnce() -> Result<()> + Send + 'static,
    ) -> Result<()> {
        self.state()?
            .write(move |db| {
                if replace {
                    db.execute_batch(
                        "delete from attachment; delete from feature; delete from repo;
                         delete from host where name <> 'local';",
                    )?;
                }
                for host in &state.hosts {
                    put(
                        db,
                        ("host", "target", "root"),
                        (host.name.as_str(), &host.target, host.root.as_deref()),
                    )?;
                }
                for repo in &state.repos {
                    put(db, ("repo", "url", "base"), (repo.name.as_str(), &repo.url, repo.base.as_deref()))?;
                    if repo.options != RepoOptions::default() {
                        let json = serde_json::to_string(&repo.options)?;
                        db.execute(
                            "update repo set options = ?2 where name = ?1",
                            (repo.name.as_str(), json),
                        )?;
                    }
                }
                for feature in &state.features {
                    let values = (feature.name.as_str(), feature.branch.as_str(), feature.base.as_deref());
                    put(db, ("feature", "branch", "base"), values)?;
                    attach(db, feature)?;
                }
                finish()
            })
            .await
    }
}

/// Adds a row of a name and two values, unless it is there with the same.
fn put(
    db: &Transaction<'_>,
    (table, first, second): (&str, &str, &str),
    (name, one, two): (&str, &str, Option<&str>),
) -> Result<()> {
    let sql = format!("select {first}, {second} from {table} where name = ?1");
    let old: Option<(String, Option<String>)> =
        db.query_row(&sql, [name], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    match old {
        Some((known, other)) if known == one && other.as_deref() == two => Ok(()),
        Some((known, _)) => {
            Err(Error::conflict(format!("{table} `{name}` exists already, with {first} `{known}`"))
                .hint("remove it first, or `--replace` everything"))
        }
        None => {
            let sql = format!("insert into {table} (name, {first}, {second}) values (?1, ?2, ?3)");
            db.execute(&sql, (name, one, two))?;
            Ok(())
        }
    }
}

fn attach(db: &Transaction<'_>, feature: &Feature) -> Result<()> {
    let there = |db: &Connection, table: &str, name: &str| -> Result<()> {
        let sql = format!("select 1 from {table} where name = ?1");
        if (table, name) == ("host", "local") || db.query_row(&sql, [name], |_| Ok(())).optional()?.is_some()
        {
            return Ok(());
        }
        Err(Error::usage(format!("feature `{}` names the unknown {table} `{name}`", feature.name)))
    };
    for attached in &feature.repos {
        there(db, "repo", attached.repo.as_str())?;
        for host in &attached.hosts {
            there(db, "host", host.as_str())?;
            db.execute(
                "insert into attachment (feature, repo, host) values (?1, ?2, ?3) on conflict do nothing",
                (feature.name.as_str(), attached.repo.as_str(), host.as_str()),
            )?;
        }
    }
    Ok(())
}
