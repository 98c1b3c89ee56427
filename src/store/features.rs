//! Repositories, features, and which worktree is wanted where.

use std::collections::BTreeMap;

use rusqlite::OptionalExtension;

use super::Store;
use crate::error::{Error, Result};
use crate::model::workspace::{Attachment, Feature, Repo, RepoOptions, Worktree};
use crate::model::{FeatureName, HostName, RepoName};

impl Store {
    /// Every repository, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn repos(&self) -> Result<Vec<Repo>> {
        self.state()?
            .read(|db| {
                let mut query =
                    db.prepare_cached("select name, url, base, options from repo order by name")?;
                let rows = query.query_map([], |row| {
                    Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get::<_, String>(3)?))
                })?;
                rows.map(|row| {
                    let (name, url, base, options) = row?;
                    Ok(Repo { name: name.parse()?, url, base, options: serde_json::from_str(&options)? })
                })
                .collect()
            })
            .await
    }

    /// A repository by name.
    ///
    /// # Errors
    /// `not_found` with the known names.
    pub async fn repo(&self, name: &RepoName) -> Result<Repo> {
        let repos = self.repos().await?;
        let known: Vec<String> = repos.iter().map(|r| r.name.to_string()).collect();
        repos.into_iter().find(|r| &r.name == name).ok_or_else(|| {
            unknown("repository", name.as_str(), &known).hint("`sf repo add NAME URL` adds one")
        })
    }

    /// Adds a repository. Adding it again with the same values changes nothing.
    ///
    /// # Errors
    /// `conflict` when the name is taken by another URL or base.
    pub async fn add_repo(&self, repo: Repo) -> Result<bool> {
        self.state()?
            .write(move |db| {
                let old: Option<(String, Option<String>)> = db
                    .query_row("select url, base from repo where name = ?1", [repo.name.as_str()], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })
                    .optional()?;
                match old {
                    Some((url, base)) if url == repo.url && base == repo.base => Ok(false),
                    Some((url, base)) => Err(Error::conflict(format!(
                        "repository `{}` exists already, with URL `{url}` and base `{}`",
                        repo.name,
                        base.as_deref().unwrap_or("(the remote's default)")
                    ))),
                    None => {
                        db.execute(
                            "insert into repo (name, url, base, options) values (?1, ?2, ?3, ?4)",
                            (
                                repo.name.as_str(),
                                &repo.url,
                                &repo.base,
                                serde_json::to_string(&repo.options)?,
                            ),
                        )?;
                        Ok(true)
                    }
                }
            })
            .await
    }

    /// Changes how a repository is cloned and what its new worktrees need.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn set_repo_options(&self, name: &RepoName, options: RepoOptions) -> Result<()> {
        let name = name.clone();
        self.state()?
            .write(move |db| {
                let json = serde_json::to_string(&options)?;
                db.execute("update repo set options = ?2 where name = ?1", (name.as_str(), json))?;
                Ok(())
            })
            .await
    }

    /// Every feature with what is attached to it, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn features(&self) -> Result<Vec<Feature>> {
        self.state()?
            .read(|db| {
                let mut attached: BTreeMap<String, BTreeMap<RepoName, Vec<HostName>>> = BTreeMap::new();
                let mut query = db.prepare_cached(
                    "select feature, repo, host from attachment order by feature, repo, host",
                )?;
                let mut rows = query.query([])?;
                while let Some(row) = rows.next()? {
                    let (feature, repo, host): (String, String, String) =
                        (row.get(0)?, row.get(1)?, row.get(2)?);
                    attached
                        .entry(feature)
                        .or_default()
                        .entry(repo.parse()?)
                        .or_default()
                        .push(host.parse()?);
                }
                let mut query = db.prepare_cached("select name, branch, base from feature order by name")?;
                let rows =
                    query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)))?;
                rows.map(|row| {
                    let (name, branch, base) = row?;
                    let repos = attached.remove(&name).unwrap_or_default();
                    let repos = repos.into_iter().map(|(repo, hosts)| Attachment { repo, hosts }).collect();
                    Ok(Feature { name: name.parse()?, branch, base, repos })
                })
                .collect()
            })
            .await
    }

    /// A feature by name.
    ///
    /// # Errors
    /// `not_found` with the known names.
    pub async fn feature(&self, name: &FeatureName) -> Result<Feature> {
        let features = self.features().await?;
        let known: Vec<String> = features.iter().map(|f| f.name.to_string()).collect();
        features
            .into_iter()
            .find(|f| &f.name == name)
            .ok_or_else(|| unknown("feature", name.as_str(), &known).hint("`sf feature new NAME` makes one"))
    }

    /// Makes a feature. Making it again with the same values changes nothing.
    ///
    /// # Errors
    /// `conflict` when it exists with another branch or base.
    pub async fn add_feature(&self, feature: Feature) -> Result<bool> {
        self.state()?
            .write(move |db| {
                let old: Option<(String, Option<String>)> = db
                    .query_row(
                        "select branch, base from feature where name = ?1",
                        [feature.name.as_str()],
                        |row| Ok((row.get(0)?, row.get(1)?)),
                    )
                    .optional()?;
                match old {
                    Some((branch, base)) if branch == feature.branch && base == feature.base => Ok(false),
                    Some((branch, _)) => Err(Error::conflict(format!(
                        "feature `{}` exists already, with branch `{branch}`",
                        feature.name
                    ))),
                    None => {
                        db.execute(
                            "insert into feature (name, branch, base) values (?1, ?2, ?3)",
                            (feature.name.as_str(), &feature.branch, &feature.base),
                        )?;
                        Ok(true)
                    }
                }
            })
            .await
    }

    /// Wants a worktree of a repository on hosts; says how many of them are new.
    ///
    /// # Errors
    /// Those of the database; feature, repository and hosts must exist.
    pub async fn attach(&self, feature: &FeatureName, repo: &RepoName, hosts: &[HostName]) -> Result<usize> {
        let (feature, repo, hosts) = (feature.clone(), repo.clone(), hosts.to_vec());
        self.state()?
            .write(move |db| {
                let mut new = 0;
                for host in hosts {
                    new += db.execute(
                        "insert into attachment (feature, repo, host) values (?1, ?2, ?3) on conflict do nothing",
                        (feature.as_str(), repo.as_str(), host.as_str()),
                    )?;
                }
                Ok(new)
            })
            .await
    }

    /// No longer wants worktrees: `(feature, repository, host)` each.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn detach(&self, gone: Vec<(FeatureName, RepoName, HostName)>) -> Result<()> {
        self.state()?
            .write(move |db| {
                let mut change = db.prepare_cached(
                    "delete from attachment where feature = ?1 and repo = ?2 and host = ?3",
                )?;
                for (feature, repo, host) in gone {
                    change.execute((feature.as_str(), repo.as_str(), host.as_str()))?;
                }
                Ok(())
            })
            .await
    }

    /// Forgets a feature; `false` while something is attached to it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn remove_feature(&self, name: &FeatureName) -> Result<bool> {
        let name = name.clone();
        let sql = "delete from feature where name = ?1
                   and not exists (select 1 from attachment where feature = ?1)";
        self.state()?.write(move |db| Ok(db.execute(sql, [name.as_str()])? > 0)).await
    }

    /// Forgets a repository; `false` while it is attached to something.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn remove_repo(&self, name: &RepoName) -> Result<bool> {
        let name = name.clone();
        let sql = "delete from repo where name = ?1
                   and not exists (select 1 from attachment where repo = ?1)";
        self.state()?.write(move |db| Ok(db.execute(sql, [name.as_str()])? > 0)).await
    }

    /// Keeps the last known state of worktrees, for lists.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn save_worktrees(&self, worktrees: Vec<Worktree>) -> Result<()> {
        self.state()?
            .write(move |db| {
                let mut change = db.prepare_cached(
                    "update attachment set worktree = ?4 where feature = ?1 and repo = ?2 and host = ?3",
                )?;
                for tree in worktrees {
                    let json = serde_json::to_string(&tree)?;
                    change.execute((tree.feature.as_str(), tree.repo.as_str(), tree.host.as_str(), json))?;
                }
                Ok(())
            })
            .await
    }

    /// The last known state of every worktree that is wanted.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn worktrees(&self) -> Result<Vec<Worktree>> {
        self.state()?
            .read(|db| {
                let mut query = db.prepare_cached(
                    "select feature, repo, host, worktree from attachment order by feature, repo, host",
                )?;
                let mut rows = query.query([])?;
                let mut trees = Vec::new();
                while let Some(row) = rows.next()? {
                    let json: Option<String> = row.get(3)?;
                    let seen = json.and_then(|json| serde_json::from_str::<Worktree>(&json).ok());
                    trees.push(match seen {
                        Some(tree) => tree,
                        None => Worktree {
                            feature: row.get::<_, String>(0)?.parse()?,
                            repo: row.get::<_, String>(1)?.parse()?,
                            host: row.get::<_, String>(2)?.parse()?,
                            path: None,
                            branch: None,
                            ahead: None,
                            behind: None,
                            dirty: None,
                            stashed: None,
                            last_commit: None,
                            last_commit_at: None,
                            present: false,
                            error: None,
                        },
                    });
                }
                Ok(trees)
            })
            .await
    }
}

fn unknown(kind: &str, name: &str, known: &[String]) -> Error {
    let error = Error::not_found(format!("no {kind} is called `{name}`"));
    if known.is_empty() { error } else { error.hint(format!("known: {}", known.join(", "))) }
}
