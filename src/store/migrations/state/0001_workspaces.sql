-- Hosts, repositories, features and what is attached to what.
create table host (
    name   text primary key,
    target text not null,
    root   text,
    -- The last probe, as JSON (model::host::HostStatus); a cache for lists.
    status text
) strict;

create table repo (
    name text primary key,
    url  text not null,
    base text
) strict;

create table feature (
    name   text primary key,
    branch text not null,
    base   text
) strict;

create table attachment (
    feature text not null references feature (name) on delete cascade,
    repo    text not null references repo (name),
    host    text not null,
    -- The last known state of the worktree, as JSON (model::workspace::Worktree); a cache for lists.
    worktree text,
    primary key (feature, repo, host)
) strict, without rowid;

-- Every live session that was ever seen, with its host, so that an id alone finds it.
create table live (
    id      text primary key,
    host    text not null,
    name    text,
    started integer not null,
    -- The last row seen, as JSON (model::live::Live).
    row     text not null,
    -- Whether the host still lists it.
    listed  integer not null default 1
) strict, without rowid;

-- What was run, from any door.
create table journal (
    id      integer primary key,
    at      integer not null,
    door    text not null,
    command text not null,
    touch   text not null,
    ok      integer,
    code    text,
    ms      integer
) strict;
