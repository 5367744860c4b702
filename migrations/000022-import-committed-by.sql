-- Who committed a dry run: what it writes is theirs, whoever uploaded the file.
alter table imports add column committed_by bigint references users (id);
