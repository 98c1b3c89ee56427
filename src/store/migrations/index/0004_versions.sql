-- Everything is made again: of a message that was revised only the newest version is found.
insert into words (words) values ('delete-all');
delete from message;
delete from transcript;
