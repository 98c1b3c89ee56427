//! Finding messages, and making the index again.

use std::io::Write;

use super::cache::{filling, identity};
use super::*;
use crate::error::Code;
use crate::model::message::Block;
use crate::model::transcript::{Captured, TranscriptRow};
use crate::model::{HostName, ToolId};
use crate::sys::{Env, Paths, files};

/// A store with a few transcripts.
struct Shelf {
    _dir: tempfile::TempDir,
    store: Store,
}

fn message(seq: u64, role: Role, time: &str, text: &str) -> Message {
    Message {
        msg_id: seq.to_string(),
        role,
        content: vec![Block::text(text)],
        timestamp: Time::parse(time).expect("a time"),
        ..Message::default()
    }
}

impl Shelf {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let env = Env::of([("SF_HOME", dir.path())]);
        let store = Store::new(Paths::resolve(&env, None).expect("resolved"));
        store.paths().create().expect("made");
        Self { _dir: dir, store }
    }

    fn id(n: u8) -> TranscriptId {
        format!("ses_{n:016x}").parse().expect("an id")
    }

    /// Appends messages to transcript `n`.
    async fn put(&self, n: u8, tool: ToolId, workdir: &str, messages: &[Message]) {
        self.write(n, tool, workdir, None, messages).await;
    }

    /// Appends messages to transcript `n`, a fork.
    async fn put_child(&self, n: u8, parent: Option<u8>, messages: &[Message]) {
        self.write(n, ToolId::Codex, "/w", parent, messages).await;
    }

    async fn write(&self, n: u8, tool: ToolId, workdir: &str, parent: Option<u8>, messages: &[Message]) {
        let id = Self::id(n);
        let folder = self.store.paths().sessions().join(format!("{id}.sfs"));
        files::private_dir(&folder).expect("made");
        let path = folder.join("messages.jsonl");
        let mut file = files::append(&path).expect("opened");
        for message in messages {
            writeln!(file, "{}", serde_json::to_string(message).expect("JSON")).expect("written");
        }
        let mut row = TranscriptRow::new(id, tool, &n.to_string(), &HostName::local());
        row.title = Some(format!("title {n}"));
        row.workdir = Some(workdir.into());
        row.updated = messages.last().map(|m| m.timestamp);
        let captured = Captured {
            tool,
            native_id: n.to_string(),
            host: HostName::local(),
            parent_native: parent.map(|p| p.to_string()),
            root: None,
            length: std::fs::metadata(&path).expect("there").len(),
            raw_length: 0,
            progress: String::new(),
            row: Some(row),
        };
        self.store.save_captured(captured).await.expect("saved");
    }

    async fn sample() -> Self {
        let shelf = Self::unindexed().await;
        shelf.store.index_transcripts().await.expect("indexed");
        shelf
    }

    async fn unindexed() -> Self {
        let shelf = Self::new();
        shelf
            .put(
                1,
                ToolId::ClaudeCode,
                "/w/api",
                &[
                    message(1, Role::User, "2026-11-01T10:00:00Z", "Why does the parser fail on port 8443?"),
                    message(
                        2,
                        Role::Assistant,
                        "2026-11-01T10:00:05Z",
                        "The function parseHTTPRequest in src/net_io.rs is wrong.",
                    ),
                    message(3, Role::Tool, "2026-11-01T10:00:06Z", "これは日本語のテキストです"),
                ],
            )
            .await;
        shelf
            .put(
                2,
                ToolId::Codex,
                "/w/web",
                &[
                    message(
                        1,
                        Role::User,
                        "2026-11-02T10:00:00Z",
                        "parser again: the port, the port, the port",
                    ),
                    message(2, Role::Assistant, "2026-10-02T10:00:05Z", "An old parser remark about ports"),
                ],
            )
            .await;
        shelf
    }

    async fn find(&self, query: &str) -> Vec<(u64, u64)> {
        self.with(Search { query: query.into(), ..Search::default() }).await
    }

    /// Number of the transcript and of the message of each hit.
    async fn with(&self, search: Search) -> Vec<(u64, u64)> {
        let found = self.store.search(Search { context: 30, ..search }).await.expect("searched");
        assert!(found.total >= found.hits.len() as u64);
        let number = |hit: &Hit| u64::from_str_radix(&hit.id.as_str()[4..], 16).expect("hex");
        found.hits.iter().map(|hit| (number(hit), hit.seq)).collect()
    }
}

#[tokio::test]
async fn the_newest_come_first_and_operators_work() {
    let shelf = Shelf::sample().await;
    assert_eq!(shelf.find("parser").await, [(2, 1), (1, 1), (2, 2)]);
    assert_eq!(shelf.find("parser port").await, [(2, 1), (1, 1)]);
    assert_eq!(shelf.find("parser NOT again").await, [(1, 1), (2, 2)]);
    assert_eq!(shelf.find("\"parser fail\" OR remark").await, [(1, 1), (2, 2)]);
    assert_eq!(shelf.find("port*").await, [(2, 1), (1, 1), (2, 2)]);
    assert_eq!(shelf.find("net_io").await, [(1, 2)]);
    assert_eq!(shelf.find("request").await, [(1, 2)], "a part of parseHTTPRequest");
    assert_eq!(shelf.find("日本").await, [(1, 3)]);
    assert_eq!(shelf.find("日本語のテ").await, [(1, 3)]);
    assert_eq!(shelf.find("す").await, [(1, 3)], "the last of a run");
    assert_eq!(shelf.find("本日").await, []);
}

#[tokio::test]
async fn filters_rank_limit_and_patterns() {
    let shelf = Shelf::sample().await;
    let search = |query: &str| Search { query: query.into(), ..Search::default() };
    let of = |filter: Filter| Search { filter, ..search("parser") };
    assert_eq!(
        shelf.with(of(Filter { tool: Some(ToolId::Codex), ..Filter::default() })).await,
        [(2, 1), (2, 2)]
    );
    assert_eq!(
        shelf.with(of(Filter { workdir: Some("/w/api".into()), ..Filter::default() })).await,
        [(1, 1)]
    );
    assert_eq!(shelf.with(of(Filter { workdir: Some("/w/ap".into()), ..Filter::default() })).await, []);
    let since = Time::parse("2026-11-01T10:00:00Z");
    assert_eq!(shelf.with(of(Filter { since, ..Filter::default() })).await, [(2, 1), (1, 1)]);
    assert_eq!(shelf.with(Search { role: Some(Role::Assistant), ..search("parser") }).await, [(2, 2)]);
    assert_eq!(
        shelf.with(Search { rank: true, ..search("port") }).await[0],
        (2, 1),
        "it says it three times"
    );
    let limited = shelf.store.search(Search { limit: 1, ..search("parser") }).await.expect("searched");
    assert_eq!((limited.total, limited.hits.len()), (3, 1));
    assert_eq!(limited.hits[0].title.as_deref(), Some("title 2"));
    assert_eq!(shelf.with(Search { regex: true, ..search("p[ao]r(t|ser)s? (a|8)") }).await, [(2, 1), (1, 1)]);
    let bad = shelf.store.search(Search { regex: true, ..search("(") }).await.expect_err("no pattern");
    assert_eq!(bad.code, Code::Usage);
}

#[tokio::test]
async fn only_what_is_new_is_indexed() {
    let shelf = Shelf::sample().await;
    assert_eq!(shelf.store.index_transcripts().await.expect("level"), Indexed::default());
    shelf
        .put(
            1,
            ToolId::ClaudeCode,
            "/w/api",
            &[message(4, Role::User, "2026-11-03T10:00:00Z", "a newer parser")],
        )
        .await;
    assert_eq!(shelf.store.index_transcripts().await.expect("level").messages, 1);
    assert_eq!(shelf.find("newer").await, [(1, 4)]);
    assert_eq!(shelf.find("parser").await.len(), 4);
}

#[tokio::test]
async fn an_index_that_is_gone_or_damaged_is_made_again() {
    for damage in ["gone", "empty", "rubbish", "newer"] {
        let shelf = Shelf::unindexed().await;
        let path = shelf.store.paths().index_db();
        match damage {
            "empty" => std::fs::write(&path, b"").expect("written"),
            "rubbish" => std::fs::write(&path, vec![0x5A; 100_000]).expect("written"),
            "newer" => {
                let db = Connection::open(&path).expect("opened");
                db.execute_batch("create table transcript (of_another_shape); pragma user_version = 99")
                    .expect("made");
            }
            _ => {}
        }
        let indexed = shelf.store.index_transcripts().await.expect(damage);
        assert_eq!(indexed.messages, 5, "{damage}");
        assert!(indexed.rebuilt.is_some(), "{damage}");
        let search = Search { query: "parser".into(), ..Search::default() };
        assert_eq!(shelf.store.search(search).await.expect("searched").total, 3, "{damage}");
    }
}

#[tokio::test]
async fn thousands_in_one_second_keep_their_places() {
    let shelf = Shelf::new();
    let many: Vec<Message> =
        (1..=5000).map(|n| message(n, Role::User, "2026-11-01T10:00:00Z", &format!("needle {n}"))).collect();
    shelf.put(1, ToolId::Codex, "/w", &many).await;
    shelf.put(2, ToolId::Codex, "/w", &many[..10]).await;
    assert_eq!(shelf.store.index_transcripts().await.expect("indexed").messages, 5010);
    assert_eq!(shelf.find("needle").await.len(), 5010);
    assert_eq!(shelf.find("needle 4321").await, [(1, 4321)]);
    assert_eq!(shelf.find("needle 7").await.len(), 2);
}

#[tokio::test]
async fn two_processes_that_see_the_same_gap_fill_it_once() {
    let shelf = Shelf::sample().await;
    shelf
        .put(
            1,
            ToolId::ClaudeCode,
            "/w/api",
            &[message(4, Role::User, "2026-11-03T10:00:00Z", "a newer parser")],
        )
        .await;
    let wanted = shelf.store.transcripts_to_index().await.expect("read");
    let sessions = shelf.store.paths().sessions();
    let (db, _) = shelf.store.index().expect("open");
    let seen = db.write(move |tx| index::gaps(tx, &wanted, &sessions)).await.expect("looked");
    assert_eq!(seen.len(), 1);
    // The other one is faster.
    assert_eq!(shelf.store.index_transcripts().await.expect("level").messages, 1);
    let again = db
        .write(move |tx| {
            let mut seen = seen;
            index::fill(tx, &mut seen)
        })
        .await
        .expect("filled");
    assert_eq!(again, 0);
    assert_eq!(shelf.find("newer").await, [(1, 4)]);
}

#[tokio::test]
async fn names_are_found_by_their_parts_and_words_whatever_their_accents() {
    let shelf = Shelf::new();
    let texts = [
        "call frobnicate_quux_handler now",
        "new parseHTTPRequest(getUserName2)",
        "see src/store/search/index.rs:42",
        "use std.collections.HashMap and com.example.FooBar",
        "une façade à Genève, Ωmega, cafe\u{301} Straße",
        "ログイン画面のエラー処理を確認する",
        "사용자 인증 오류",
        "用户登录失败",
        "--max-old-space-size=4096 and zebra-quartz-kettle 7741",
    ];
    let all: Vec<Message> = texts
        .iter()
        .zip(1..)
        .map(|(text, n)| message(n, Role::User, &format!("2026-11-01T10:00:{n:02}Z"), text))
        .collect();
    shelf.put(1, ToolId::Codex, "/w", &all).await;
    shelf.store.index_transcripts().await.expect("indexed");
    for (query, seq) in [
        ("frobnicate_quux_handler", 1),
        ("frobnicate", 1),
        ("quux", 1),
        ("QUUX handler", 1),
        ("quux_hand*", 1),
        ("parsehttprequest", 2),
        ("http", 2),
        ("request", 2),
        ("parse user", 2),
        ("getUserName2", 2),
        ("getUs*", 2),
        ("src/store/search/index.rs", 3),
        ("search/index.rs", 3),
        ("store index", 3),
        ("HashMap", 4),
        ("collections.HashMap", 4),
        ("hash", 4),
        ("foo", 4),
        ("com.example", 4),
        ("facade", 5),
        ("FAÇADE", 5),
        ("geneve", 5),
        ("Genève", 5),
        ("ωmega", 5),
        ("café", 5),
        ("画面", 6),
        ("処理", 6),
        ("エラー", 6),
        ("エラー処理", 6),
        ("認証", 0),
        ("인증", 7),
        ("사용자", 7),
        ("登录", 8),
        ("失败", 8),
        ("max-old-space-size", 9),
        ("\"zebra-quartz-kettle 7741\"", 9),
        ("4096", 9),
    ] {
        let wanted = if seq == 0 { Vec::new() } else { vec![(1, seq)] };
        assert_eq!(shelf.find(query).await, wanted, "{query}");
        if seq > 0 {
            let search = Search { query: query.into(), context: 80, ..Search::default() };
            let found = shelf.store.search(search).await.expect("searched");
            assert!(found.hits[0].snippet.contains('«'), "{query}: {}", found.hits[0].snippet);
        }
    }
}

#[tokio::test]
async fn what_a_fork_has_from_its_origin_is_found_once() {
    let shelf = Shelf::new();
    let said = |n, text| message(n, Role::User, &format!("2026-11-01T10:00:{n:02}Z"), text);
    let fork = [said(1, "an early lantern").inherited(), said(2, "a late beacon")];
    shelf.put_child(2, Some(1), &fork).await;
    shelf.store.index_transcripts().await.expect("indexed");
    assert_eq!(shelf.find("lantern").await, [(2, 1)], "its origin is not here");
    shelf.put(1, ToolId::Codex, "/w", &[said(1, "an early lantern"), said(3, "something else")]).await;
    shelf.store.index_transcripts().await.expect("indexed");
    assert_eq!(shelf.find("lantern").await, [(1, 1)]);
    assert_eq!(shelf.find("beacon").await, [(2, 2)]);
    let origin = Shelf::id(1);
    shelf.store.delete_transcript(&origin, Time(0), false).await.expect("deleted");
    shelf.store.index_transcripts().await.expect("indexed");
    assert_eq!(shelf.find("lantern").await, [(2, 1)], "it is gone again");
}

#[tokio::test]
async fn an_index_that_others_have_open_is_made_anew_under_them() {
    let shelf = Shelf::sample().await;
    let path = shelf.store.paths().index_db();
    let before = identity(&path);
    let other = Store::new(shelf.store.paths().clone());
    let parser = || Search { query: "parser".into(), ..Search::default() };
    assert_eq!(other.search(parser()).await.expect("searched").total, 3);
    assert_eq!(shelf.store.rebuild_index().await.expect("rebuilt"), 5);
    assert_eq!(other.search(parser()).await.expect("searched").total, 3);
    assert_eq!(other.index_transcripts().await.expect("level"), Indexed::default());
    // Also when it has to be emptied altogether, as a damaged one has.
    shelf.store.drop_index().expect("dropped");
    assert_eq!(other.index_transcripts().await.expect("filled").messages, 5);
    assert_eq!(other.search(parser()).await.expect("searched").total, 3);
    assert_eq!(identity(&path), before, "it is still the same file");
    drop(shelf.store.clone());
    drop(other);
    let check = shelf.store.check_index().await.expect("looked").expect("there");
    assert_eq!(check.damage, None);
}

#[tokio::test]
async fn a_search_does_not_wait_for_somebody_who_fills_the_index() {
    let shelf = Shelf::sample().await;
    let more = [message(4, Role::User, "2026-11-03T10:00:00Z", "a newer parser")];
    shelf.put(1, ToolId::ClaudeCode, "/w/api", &more).await;
    let busy = filling(shelf.store.paths()).await.expect("locked");
    assert_eq!(shelf.store.index_unless_busy().await.expect("passed"), Indexed::default());
    assert_eq!(shelf.find("parser").await.len(), 3, "what is there is found");
    drop(busy);
    assert_eq!(shelf.store.index_unless_busy().await.expect("filled").messages, 1);
    assert_eq!(shelf.find("parser").await.len(), 4);
}

#[tokio::test]
async fn the_best_are_first_and_of_equals_the_newest() {
    let shelf = Shelf::new();
    let said = |n: u64, day: u64, text: &str| {
        message(n, Role::User, &format!("2026-{:02}-{:02}T10:00:00Z", 1 + day / 28, 1 + day % 28), text)
    };
    let all = [
        said(1, 10, "a lantern here"),
        said(2, 250, "a lantern here"),
        said(3, 20, "lantern, lantern and lantern"),
        said(4, 200, "nothing of that kind at all in a rather long text about other matters"),
    ];
    shelf.put(1, ToolId::Codex, "/w", &all).await;
    shelf.store.index_transcripts().await.expect("indexed");
    let rank = |query: &str| Search { query: query.into(), rank: true, ..Search::default() };
    let found = shelf.with(rank("lantern")).await;
    let at = |seq: u64| found.iter().position(|hit| *hit == (1, seq)).expect("found");
    assert!(at(2) < at(1), "the newer of two equals: {found:?}");
    assert!(at(3) < at(1), "the better of two old ones: {found:?}");
    let filter = Filter { tool: Some(ToolId::Codex), ..Filter::default() };
    let role = Some(Role::User);
    assert_eq!(shelf.with(Search { filter, role, limit: 2, ..rank("lantern OR nothing") }).await.len(), 2);
}

#[tokio::test]
async fn of_a_message_that_was_revised_only_the_newest_version_is_found() {
    let shelf = Shelf::new();
    let at = "2026-11-01T10:00:00Z";
    let version = |id: &str, old: &str, text: &str| {
        let mut message = Message { msg_id: id.into(), ..message(1, Role::Assistant, at, text) };
        message.metadata.insert("sf".into(), serde_json::json!({ "replaces": old }));
        message
    };
    let put = |messages: Vec<Message>| {
        let shelf = &shelf;
        async move {
            shelf.put(1, ToolId::Amp, "/w", &messages).await;
            shelf.store.index_transcripts().await.expect("indexed");
        }
    };
    put(vec![message(1, Role::Assistant, at, "alpha"), message(2, Role::User, at, "beta")]).await;
    // The second is older than the index, the third is read together with the one that it replaces.
    put(vec![version("1~2", "1", "gamma"), version("1~3", "1~2", "delta")]).await;
    for (word, wanted) in
        [("alpha", vec![]), ("gamma", vec![]), ("delta", vec![(1, 4)]), ("beta", vec![(1, 2)])]
    {
        let search = Search { query: word.into(), ..Search::default() };
        assert_eq!(shelf.with(search).await, wanted, "{word}");
    }
}
