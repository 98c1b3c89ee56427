-- Sessions of AI tools, as far as they were captured. A session without messages has no id yet.
create table transcript (
    n           integer primary key,
    host        text not null,
    tool        text not null,
    -- The tool's own id.
    native_id   text not null,
    id          text unique,
    alias       text unique,
    title       text,
    workdir     text,
    branch      text,
    model       text,
    messages    integer not null default 0,
    tool_calls  integer not null default 0,
    tokens_in   integer not null default 0,
    tokens_out  integer not null default 0,
    tokens_cache_read  integer not null default 0,
    tokens_cache_write integer not null default 0,
    cost_usd    real,
    created     integer,
    updated     integer,
    -- The tool's id of the session that it was forked from, or whose sub-agent it is.
    parent_native text,
    -- What all forks of one session share.
    root        text,
    -- Bytes of messages.jsonl and of the raw file that count.
    length      integer not null default 0,
    raw_length  integer not null default 0,
    -- How far the tool's files were read (JSON).
    progress    text not null default '',
    unique (host, tool, native_id)
) strict;

create index transcript_updated on transcript (updated desc, n desc) where id is not null;
create index transcript_created on transcript (created desc, n desc) where id is not null;
