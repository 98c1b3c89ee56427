-- A smaller table of words stays in the processor's cache: a tenth to a fifth less time than with 64 MiB
-- for the same number of segments, since a batch of messages hardly fills more than this.
insert into words (words, rank) values ('hashsize', 16777216);
