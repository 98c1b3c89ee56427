-- What was used when and of which model, as JSON: [[hour since 1970, model, [tokens …]], …].
alter table transcript add column spend text not null default '[]';

-- Sessions whose transcripts were deleted: they are not captured again.
create table deleted (
    host      text not null,
    tool      text not null,
    native_id text not null,
    id        text not null unique,
    at        integer not null,
    -- The row of `transcript` as JSON, to bring it back; null when nothing is left to bring back.
    record    text,
    primary key (host, tool, native_id)
) strict;
