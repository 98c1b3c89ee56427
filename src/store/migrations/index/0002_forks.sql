-- Everything is made again, with forks: what a fork has from its origin is found at the origin.
drop table words;
drop table message;
drop table transcript;

create table transcript (
    n       integer primary key,
    id      text not null unique,
    -- Bytes of messages.jsonl that are in the index, and lines in them.
    length  integer not null,
    lines   integer not null,
    -- Whether what a fork has from its origin is in the index too, since the origin is not.
    whole   integer not null
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

create index message_n on message (n);

-- The words, without the text: contentless. `parts` holds the parts of compound names.
create virtual table words using fts5 (
    body, parts,
    content = '', contentless_delete = 1,
    tokenize = "unicode61 remove_diacritics 2"
);

-- Bytes of words that are collected before a segment is written, and how many segments there may be
-- before they are merged: a large capture writes each word once, and a search looks into each.
insert into words (words, rank) values ('hashsize', 67108864);
insert into words (words, rank) values ('automerge', 32);
insert into words (words, rank) values ('crisismerge', 64);
