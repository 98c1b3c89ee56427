//! Listing and naming.

use super::*;
use crate::error::Code;
use crate::sys::{Env, Paths};

struct Shelf {
    _dir: tempfile::TempDir,
    store: Store,
}

impl Shelf {
    async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let env = Env::of([("SF_HOME", dir.path())]);
        let store = Store::new(Paths::resolve(&env, None).expect("resolved"));
        let shelf = Self { _dir: dir, store };
        for (n, id, tool, parent, workdir, cost) in [
            (1, "ses_00000000000000a1", ToolId::ClaudeCode, None, "/w/features/pay/core", Some(0.5)),
            (2, "ses_00000000000000a2", ToolId::Codex, Some("n3"), "/w/features/payments/core", None),
            (3, "ses_00000000000000b3", ToolId::Codex, None, "/w", Some(2.0)),
        ] {
            let host = HostName::local();
            let native_id = format!("n{n}");
            let mut row = TranscriptRow::new(id.parse().expect("an id"), tool, &native_id, &host);
            row.workdir = Some(workdir.into());
            row.cost_usd = cost;
            row.messages = 10 - n;
            row.updated = Some(Time(n as i64 * 1000));
            row.created = Some(Time(-(n as i64)));
            let captured = Captured {
                row: Some(row),
                tool,
                native_id,
                host,
                parent_native: parent.map(str::to_owned),
                root: None,
                length: n,
                raw_length: 0,
                progress: "{}".into(),
            };
            shelf.store.save_captured(captured).await.expect("saved");
        }
        shelf
    }

    async fn list(&self, filter: Filter, sort: Sort) -> Vec<String> {
        let rows = self.store.transcripts(filter, sort, 0, 0).await.expect("listed");
        rows.into_iter().map(|row| row.native_id).collect()
    }
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    let shelf = Shelf::new().await;
    let all = Filter::default();
    assert_eq!(shelf.list(all.clone(), Sort::Updated).await, ["n3", "n2", "n1"]);
    assert_eq!(shelf.list(all.clone(), Sort::Created).await, ["n1", "n2", "n3"]);
    assert_eq!(shelf.list(all.clone(), Sort::Messages).await, ["n1", "n2", "n3"]);
    assert_eq!(shelf.list(all.clone(), Sort::Cost).await, ["n3", "n1", "n2"]);
    let of = |filter| shelf.list(filter, Sort::Updated);
    assert_eq!(of(Filter { tool: Some(ToolId::Codex), ..all.clone() }).await, ["n3", "n2"]);
    assert_eq!(of(Filter { since: Some(Time(2000)), ..all.clone() }).await, ["n3", "n2"]);
    assert_eq!(of(Filter { workdir: Some("/w/features/pay".into()), ..all.clone() }).await, ["n1"]);
    assert_eq!(of(Filter { hosts: vec!["far".parse().expect("a name")], ..all.clone() }).await, [""; 0]);
    let feature = |name: &str| Filter { feature: Some(name.parse().expect("a name")), ..Filter::default() };
    assert_eq!(of(feature("pay")).await, ["n1"]);
    assert_eq!(of(feature("p_y")).await, [""; 0], "no wildcards");
    let page = shelf.store.transcripts(all, Sort::Updated, 1, 1).await.expect("listed");
    assert_eq!(page[0].native_id, "n2");
    assert_eq!(page[0].parent.as_ref().map(TranscriptId::as_str), Some("ses_00000000000000b3"));
    let (newest, total) = shelf.store.transcripts_newest(2).await.expect("listed");
    assert_eq!((newest.len(), total), (2, 3));
}

#[tokio::test]
async fn a_transcript_is_found_by_id_prefix_alias_native_id_and_last() {
    let shelf = Shelf::new().await;
    let b3: TranscriptId = "ses_00000000000000b3".parse().expect("an id");
    shelf.store.alias_transcript(&b3, Some("plan".parse().expect("a name"))).await.expect("named");
    for text in ["ses_00000000000000b3", "00000000000000b", "ses_00000000000000b", "plan", "n3", "@last"] {
        assert_eq!(shelf.store.find_transcript(text).await.expect(text), b3, "{text}");
    }
    let several = shelf.store.find_transcript("00000000000000a").await.expect_err("two");
    assert_eq!((several.code, several.hints.len()), (Code::Usage, 2));
    for text in ["ses_f", "", "@first", "%"] {
        assert_eq!(shelf.store.find_transcript(text).await.expect_err(text).code, Code::NotFound);
    }
    let a1: TranscriptId = "ses_00000000000000a1".parse().expect("an id");
    let taken = shelf.store.alias_transcript(&a1, Some("plan".parse().expect("a name"))).await;
    assert_eq!(taken.expect_err("taken").code, Code::Conflict);
}

#[tokio::test]
async fn capturing_again_keeps_the_alias() {
    let shelf = Shelf::new().await;
    let a1: TranscriptId = "ses_00000000000000a1".parse().expect("an id");
    shelf.store.alias_transcript(&a1, Some("keep".parse().expect("a name"))).await.expect("named");
    let mut all = shelf.store.captured(&HostName::local(), ToolId::ClaudeCode).await.expect("read");
    let mut captured = all.remove(0);
    assert_eq!((captured.length, captured.progress.as_str()), (1, "{}"));
    captured.length = 99;
    shelf.store.save_captured(captured).await.expect("saved");
    let (row, length) = shelf.store.transcript(&a1).await.expect("there");
    assert_eq!((row.alias.as_ref().map(|a| a.as_str()), length), (Some("keep"), 99));
    assert_eq!(shelf.store.transcript_owner(&a1).await.expect("read").map(|o| o.1), Some("n1".into()));
}
