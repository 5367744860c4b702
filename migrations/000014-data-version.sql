-- A number that tells whether anything a list shows may have changed: pages of lists are kept under it
-- (docs/decisions/0008-lists-kept-under-a-count-of-changes.md). Counted outside of transactions, so no two writers wait for
-- each other here, and before the change is committed, so none is missing.
create sequence data_changes;

-- First the lock, which PostgreSQL releases once the change can be seen (or never happens), then the count. So when the
-- lock is free, all that has been counted before can be seen.
create function count_data_change() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(7263002);
  perform nextval('data_changes');
  return null;
end $$;

create trigger tasks_count_change after insert or update or delete or truncate on tasks
  for each statement execute function count_data_change();
create trigger project_members_count_change after insert or update or delete or truncate on project_members
  for each statement execute function count_data_change();
create trigger users_count_change after update of username on users
  for each statement execute function count_data_change();
create trigger users_past after update of username on users
  for each statement execute function note_past_of_import();

-- A crash may set the count back to numbers that were given out before. Emptied by a crash, this says so.
create unlogged table data_incarnation (
  only_row boolean primary key default true check (only_row),
  id       uuid not null default gen_random_uuid()
);

insert into data_incarnation default values;

-- What kept pages depend on. `incarnation` tells apart what the same count would mean after a crash, in a restored copy or
-- in another cluster; it is null between a crash and the next page that is to be kept.
create view data_version as
  select i.id || '.' || i.tableoid || '.' || extract(epoch from pg_postmaster_start_time()) as incarnation,
         c.last_value + c.is_called::integer as changes,
         e.epoch || '.' || coalesce(extract(epoch from e.history_kept_from), 0) as past,
         extract(epoch from now())::float8 as now
    from data_changes c cross join past_epoch e left join data_incarnation i on true;
