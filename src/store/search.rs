//! Searching all messages: `index.db`, a cache that is made again whenever it is missing, damaged
//! or of another version.
//!
//! The text lives only in `messages.jsonl`; the index holds where each line is, and snippets are
//! cut from the line itself.

mod cache;
mod index;
mod query;
mod scan;
mod snippet;
mod words;

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};

pub use self::cache::Indexed;
use self::query::Query;
use super::Store;
use super::transcripts::matching;
use crate::error::{Error, Result};
use crate::model::message::{Message, Role};
use crate::model::transcript::{Filter, Hit};
use crate::model::{Time, TranscriptId};

/// What is searched for.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Words and operators, or a pattern.
    pub query: String,
    /// Whether it is a pattern (a regular expression).
    pub regex: bool,
    /// In which transcripts; `since` is about the messages.
    pub filter: Filter,
    /// Messages of this role alone.
    pub role: Option<Role>,
    /// The best first instead of the newest.
    pub rank: bool,
    /// How many hits are wanted; 0: all.
    pub limit: u64,
    /// Characters to each side of a match in a snippet.
    pub context: usize,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// All messages that fit.
    pub total: u64,
    /// The first of them.
    pub hits: Vec<Hit>,
}

/// How many of the newest hits are ranked: finding the best of all of them would take longer than
/// anybody waits for a word that is everywhere, and the best of so many is good.
const RANKED: i64 = 20_000;
/// Days after which a hit has lost half of what being new adds to its rank.
const HALF_LIFE: f64 = 30.0;
/// A day in ids of messages.
const DAY: f64 = 86_400.0;

/// A message in the index.
struct Place {
    id: TranscriptId,
    seq: u64,
    role: Role,
    time: Time,
    start: u64,
    length: u64,
    score: f64,
}

impl Store {
    /// Searches. The index should be level: [`Store::index_transcripts`] comes first.
    ///
    /// # Errors
    /// `usage` when the query cannot be understood; those of the database.
    pub async fn search(&self, search: Search) -> Result<Found> {
        let narrow = search.filter != Filter { since: search.filter.since, ..Filter::default() };
        let among = if narrow {
            let filter = search.filter.clone();
            Some(self.state()?.read(move |db| matching(db, &filter)).await?)
        } else {
            None
        };
        let mut found = if search.regex {
            let pattern = regex::Regex::new(&search.query)
                .map_err(|e| Error::usage(format!("the pattern cannot be understood: {e}")))?;
            let places = self.places(&search, None, among).await?.1;
            let sessions = self.paths().sessions();
            let scan = move || scan::scan(&sessions, places, &pattern, &search);
            tokio::task::spawn_blocking(scan)
                .await
                .map_err(|e| Error::internal(format!("the search ended early: {e}")))?
        } else {
            let query = Query::parse(&search.query)?;
            let (total, places) = self.places(&search, Some(&query.fts), among).await?;
            let sessions = self.paths().sessions();
            let cut = move || {
                let mut files = Files::new(&sessions);
                let hits = places.into_iter().map(|place| {
                    let text = files.text(&place).unwrap_or_default();
                    let snippet = snippet::cut(&text, &query.terms, search.context);
                    hit(place, snippet)
                });
                Found { total, hits: hits.collect() }
            };
            tokio::task::spawn_blocking(cut)
                .await
                .map_err(|e| Error::internal(format!("the search ended early: {e}")))?
        };
        self.add_titles(&mut found.hits).await?;
        Ok(found)
    }

    /// How many messages fit, and where the first ones are. Without words: all that the filters
    /// leave.
    async fn places(
        &self,
        search: &Search,
        fts: Option<&str>,
        among: Option<std::collections::BTreeSet<String>>,
    ) -> Result<(u64, Vec<Place>)> {
        let (db, _) = self.index()?;
        let filtered = among.is_some() || search.role.is_some() || search.filter.since.is_some();
        let (from, mut wanted, mut values) = match fts {
            Some(fts) => (
                "words w join message m on m.id = w.rowid join transcript t on t.n = m.n",
                "words match ?".to_owned(),
                vec![Sql::Text(fts.to_owned())],
            ),
            None => ("message m join transcript t on t.n = m.n", "1".to_owned(), Vec::new()),
        };
        if let Some(ids) = among {
            wanted.push_str(" and t.id in (select value from json_each(?))");
            values.push(Sql::Text(serde_json::to_string(&ids)?));
        }
        if let Some(role) = search.role {
            wanted.push_str(" and m.role = ?");
            values.push(Sql::Text(role.as_str().to_owned()));
        }
        if let Some(since) = search.filter.since {
            wanted.push_str(" and m.id >= ? and m.time >= ?");
            values.extend([Sql::Integer(index::first_id(since)), Sql::Integer(since.0)]);
        }
        let (score, order) = match fts {
            Some(_) if search.rank => ("-bm25(words)", "w.rowid desc"),
            Some(_) => ("0.0", "w.rowid desc"),
            None => ("0.0", "m.id desc"),
        };
        // A pattern has to look at all of them.
        let limit =
            if search.limit == 0 || search.regex { -1 } else { i64::try_from(search.limit).unwrap_or(-1) };
        let found = |limit: i64| {
            format!(
                "select t.id, m.seq, m.role, m.time, m.start, m.length, {score} as score, m.id as place
                 from {from} where {wanted} order by {order} limit {limit}"
            )
        };
        let sql = if search.rank && fts.is_some() {
            // Twice the weight for the newest than for the very old; half of it is gone in a month.
            format!(
                "with newest as (select max(id) as place from message)
                 select f.id, f.seq, f.role, f.time, f.start, f.length,
                   f.score * (1.0 + {HALF_LIFE:?} / ({HALF_LIFE:?} + (newest.place - f.place) / {DAY:?})) as score
                 from ({}) f, newest order by score desc, f.place desc limit {limit}",
                found(RANKED)
            )
        } else {
            found(limit)
        };
        // Without a filter nothing but the words is looked at: a word may be in every message.
        let count = if filtered || fts.is_none() {
            format!("select count(*) from {from} where {wanted}")
        } else {
            format!("select count(*) from words w where {wanted}")
        };
        db.read(move |db| {
            let places = places(db, &sql, &values)?;
            // Fewer than asked for are all there are.
            let total = if limit < 0 || (places.len() as i64) < limit {
                places.len() as u64
            } else {
                db.prepare_cached(&count)?.query_row(params_from_iter(&values), |row| row.get(0))?
            };
            Ok((total, places))
        })
        .await
    }

    async fn add_titles(&self, hits: &mut [Hit]) -> Result<()> {
        let ids: Vec<String> = hits.iter().map(|hit| hit.id.as_str().to_owned()).collect();
        let json = serde_json::to_string(&ids)?;
        let titles: HashMap<String, Option<String>> = self
            .state()?
            .read(move |db| {
                let mut query = db.prepare_cached(
                    "select id, title from transcript where id in (select value from json_each(?1))",
                )?;
                let rows = query.query_map([json], |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })
            .await?;
        for hit in hits {
            hit.title = titles.get(hit.id.as_str()).cloned().flatten();
        }
        Ok(())
    }
}

fn places(db: &Connection, sql: &str, values: &[Sql]) -> Result<Vec<Place>> {
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query(params_from_iter(values))?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(Place {
            id: row.get::<_, String>(0)?.parse()?,
            seq: row.get(1)?,
            role: row.get::<_, String>(2)?.parse()?,
            time: Time(row.get(3)?),
            start: row.get(4)?,
            length: row.get(5)?,
            score: row.get(6)?,
        });
    }
    Ok(all)
}

fn hit(place: Place, snippet: String) -> Hit {
    let Place { id, seq, role, time, score, .. } = place;
    Hit { id, seq, role, time, title: None, snippet, score }
}

/// Reads lines out of transcripts; keeps the last file open.
struct Files {
    sessions: PathBuf,
    open: Option<(TranscriptId, File)>,
}

impl Files {
    fn new(sessions: &Path) -> Self {
        Self { sessions: sessions.to_owned(), open: None }
    }

    /// What can be searched in a message.
    fn text(&mut self, place: &Place) -> Option<String> {
        if self.open.as_ref().is_none_or(|(id, _)| *id != place.id) {
            let file = File::open(self.sessions.join(format!("{}.sfs/messages.jsonl", place.id))).ok()?;
            self.open = Some((place.id.clone(), file));
        }
        let (_, file) = self.open.as_mut()?;
        file.seek(SeekFrom::Start(place.start)).ok()?;
        let mut line = Vec::new();
        file.take(place.length).read_to_end(&mut line).ok()?;
        text(&line)
    }
}

/// What can be searched in a line.
fn text(line: &[u8]) -> Option<String> {
    serde_json::from_slice::<Message>(line).ok().map(|message| message.searchable())
}

#[cfg(test)]
mod tests;
