-- A cache over messages.jsonl of all transcripts; it can be dropped at any time.
create table transcript (
    n       integer primary key,
    id      text not null unique,
    -- Bytes of messages.jsonl that are in the index, and lines in them.
    length  integer not null,
    lines   integer not null
) strict;

-- A message. Its id grows with its time, so that the newest come first without sorting.
create table message (
    id      integer primary key,
    n       integer not null references transcript (n),
    seq     integer not null,
    role    text not null,
    time    integer not null,
    -- Where its line is.
    start   integer not null,
    length  integer not null
) strict;

create index message_n on message (n, seq);

-- The words, without the text: contentless. `parts` holds the parts of compound names.
create virtual table words using fts5 (
    body, parts,
    content = '', contentless_delete = 1,
    tokenize = "unicode61 remove_diacritics 2"
);

-- Bytes of words that are collected before a segment is written: fewer segments to merge.
insert into words (words, rank) values ('hashsize', 4194304);
