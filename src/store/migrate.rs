//! Bringing a database to this version: numbered scripts that are never edited once shipped.

use rusqlite::Connection;

use crate::error::{Error, Result};

/// The scripts of a database in order; a database that has run `n` of them has `user_version = n`.
pub type Migrations = &'static [&'static str];

/// `state.db`.
pub const STATE: Migrations = &[
    include_str!("migrations/state/0001_workspaces.sql"),
    include_str!("migrations/state/0002_transcripts.sql"),
    include_str!("migrations/state/0003_care.sql"),
    include_str!("migrations/state/0004_level.sql"),
    include_str!("migrations/state/0005_repo_options.sql"),
];

/// `index.db`.
pub const INDEX: Migrations = &[
    include_str!("migrations/index/0001_messages.sql"),
    include_str!("migrations/index/0002_forks.sql"),
    include_str!("migrations/index/0003_cache.sql"),
    include_str!("migrations/index/0004_versions.sql"),
    include_str!("migrations/index/0005_seconds.sql"),
];

/// Runs what is missing, each script in one transaction with its number.
///
/// # Errors
/// `unsupported`, with the database untouched, when it is newer than we.
pub fn run(connection: &mut Connection, migrations: Migrations) -> Result<()> {
    let version = version(connection)?;
    if version > migrations.len() {
        return Err(Error::unsupported(format!(
            "this database has version {version}, and this sf knows up to {}",
            migrations.len()
        ))
        .hint("a newer sf wrote it: use that one, or another --home"));
    }
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    for (index, script) in migrations.iter().enumerate().skip(version) {
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        // Another process may have been faster while we waited for the lock.
        if self::version(&transaction)? == index {
            transaction.execute_batch(script)?;
            transaction.pragma_update(None, "user_version", u32::try_from(index + 1).unwrap_or(u32::MAX))?;
        }
        transaction.commit()?;
    }
    Ok(())
}

/// How many scripts a database has run.
fn version(connection: &Connection) -> Result<usize> {
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(version as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_a_newer_version_is_left_untouched() {
        let mut connection = Connection::open_in_memory().expect("opened");
        connection.pragma_update(None, "user_version", 99).expect("set");
        let error = run(&mut connection, STATE).expect_err("newer");
        assert_eq!(error.code, crate::error::Code::Unsupported);
        let tables: u32 = connection
            .query_row("select count(*) from sqlite_schema", [], |row| row.get(0))
            .expect("counted");
        assert_eq!(tables, 0);
    }

    #[test]
    fn running_twice_changes_nothing() {
        let mut connection = Connection::open_in_memory().expect("opened");
        run(&mut connection, STATE).expect("first");
        run(&mut connection, STATE).expect("second");
    }
}
