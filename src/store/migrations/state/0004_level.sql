-- All that comparing the search index with the transcripts needs: rows are long, and a search that is
-- asked for in a process of its own would read each of them.
create index transcript_level on transcript (updated desc, n desc, id, length, host, tool, parent_native)
    where id is not null;
