//! Databases and transcripts.

use super::Check;
use crate::engine::Ctx;
use crate::error::{Error, Result};
use crate::model::transcript::{Filter, Sort};
use crate::store::Checked;
use crate::transcript::{sfs, storage};

/// `state.db` opens, is of a version that we know, and whole.
pub(super) async fn database(cx: &Ctx) -> Result<Check> {
    let Some(found) = cx.store.check_state().await? else {
        return Ok(Check::ok("database", "there is none yet"));
    };
    Ok(match found {
        Checked { damage: Some(damage), .. } => Check::fail(
            "database",
            format!("`{}` is damaged: {damage}; keep a copy of it", cx.paths.state_db().display()),
        ),
        Checked { version, known, .. } if version > known => {
            Check::fail("database", format!("a newer sf made it (version {version}, this one knows {known})"))
        }
        Checked { version, .. } => Check::ok("database", format!("version {version}, whole")),
    })
}

/// `index.db` is whole, of this version, and has what the transcripts have.
pub(super) async fn index(cx: &Ctx, fix: bool) -> Result<Check> {
    let wrong = match cx.store.check_index().await {
        Ok(None) => None,
        Ok(Some(Checked { damage: Some(damage), .. })) => Some(format!("it is damaged: {damage}")),
        Ok(Some(Checked { version, known, .. })) if version != known => {
            Some(format!("it is of version {version}, and this sf makes {known}"))
        }
        Ok(Some(_)) => None,
        Err(error) => Some(error.message),
    };
    if let Some(wrong) = wrong {
        if !fix {
            return Ok(Check::warn("index", format!("{wrong} (--fix makes it anew)")));
        }
        let messages = cx.store.rebuild_index().await?;
        return Ok(Check::mended("index", format!("{wrong}; made anew with {messages} messages")));
    }
    if !cx.paths.state_db().exists() {
        return Ok(Check::ok("index", "there is none yet"));
    }
    let level = cx.store.index_level().await?;
    if level.behind == 0 {
        return Ok(Check::ok("index", format!("has all {} transcripts", level.transcripts)));
    }
    let what = format!("lacks messages of {} of {} transcripts", level.behind, level.transcripts);
    if !fix {
        return Ok(Check::warn("index", format!("{what} (--fix adds them)")));
    }
    let added = cx.store.index_transcripts().await?.messages;
    Ok(Check::mended("index", format!("{what}; {added} messages added")))
}

/// Every transcript has its folder, and every folder is of a transcript.
pub(super) async fn transcripts(cx: &Ctx) -> Result<Check> {
    if !cx.paths.state_db().exists() {
        return Ok(Check::ok("transcripts", "there are none yet"));
    }
    let rows = cx.store.transcripts(Filter::default(), Sort::Updated, 0, 0).await?;
    let sessions = cx.paths.sessions();
    let look = move || {
        let gone = rows.iter().filter(|row| !sfs::messages_file(&sessions, &row.id).exists()).count();
        let ids: std::collections::HashSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        let strange = storage::ids(&sessions).iter().filter(|id| !ids.contains(id.as_str())).count();
        (rows.len(), gone, strange)
    };
    let (all, gone, strange) = tokio::task::spawn_blocking(look)
        .await
        .map_err(|e| Error::internal(format!("looking at transcripts ended early: {e}")))?;
    Ok(match (gone, strange) {
        (0, 0) => Check::ok("transcripts", format!("{all}, each with its folder")),
        (0, strange) => Check::warn("transcripts", format!("{strange} folders belong to no row of the list")),
        (gone, _) => Check::warn(
            "transcripts",
            format!(
                "the messages of {gone} of {all} are gone; `sf capture` reads those that their tools still have"
            ),
        ),
    })
}
