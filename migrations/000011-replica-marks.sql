-- How far a read replica must have come before it is read for somebody: their own writes are in it then. Written only where
-- DATABASE_READ_URL is set. Reader 0 is everybody: after a change of who may see what.
create table replica_marks (
  reader bigint primary key,
  -- The highest there is while a transaction that writes for the reader is about to commit.
  lsn    pg_lsn not null
) with (fillfactor = 50);
