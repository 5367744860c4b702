-- A number that tells whether anything has changed that decides who may do what: what is known of a session is right as long
-- as it stays the same (docs/decisions/0015-sessions-known-under-a-count.md). Counted in the transaction of the change, so
-- that both are seen at the same moment. Sixteen counters, of which a transaction takes one that is free: two that change
-- something wait for each other only where seventeen are open.
create table access_changes (
  slot    smallint primary key,
  changes bigint not null default 0
) with (fillfactor = 50);

insert into access_changes (slot) select * from generate_series(0, 15);

create function count_access_change() returns trigger language plpgsql as $$
declare
  free smallint;
begin
  select slot into free from access_changes order by slot limit 1 for update skip locked;
  update access_changes set changes = changes + 1 where slot = coalesce(free, pg_backend_pid() % 16);
  return null;
end $$;

-- A session that is new, or whose refresh token is used, is not known differently to anybody.
create trigger sessions_count_access after update of user_id, expires_at, revoked_at or delete or truncate on sessions
  for each statement execute function count_access_change();
create trigger users_count_access after update of username, role, disabled_at or delete or truncate on users
  for each statement execute function count_access_change();
create trigger project_members_count_access after insert or update or delete or truncate on project_members
  for each statement execute function count_access_change();

-- The start of the server is part of it: a server that takes another one's place may not have its last changes.
create or replace view data_version as
  select i.id || '.' || i.tableoid || '.' || extract(epoch from pg_postmaster_start_time()) as incarnation,
         c.last_value + c.is_called::integer as changes,
         e.epoch || '.' || coalesce(extract(epoch from e.history_kept_from), 0) as past,
         extract(epoch from now())::float8 as now,
         extract(epoch from pg_postmaster_start_time()) || '.' || a.changes as access
    from data_changes c cross join past_epoch e left join data_incarnation i on true
         cross join (select sum(changes) as changes from access_changes) a;
