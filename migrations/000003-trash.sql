-- The request that deleted a task, so that all it deleted can be restored together. Null for a task that is not deleted,
-- and for one deleted before there was a trash.
alter table tasks add column deletion_id uuid;
alter table task_versions add column deletion_id uuid;

-- True for the last version before other labels, another text, another due date or a deletion. A search in the past asks an index on these
-- only: of a task that changed its status a hundred times it finds one version. Older rows count as such; that costs time
-- and changes no answer.
alter table task_versions add column labels_ended boolean not null default true;
alter table task_versions add column text_ended boolean not null default true;
alter table task_versions add column due_ended boolean not null default true;

-- History as before, with deletion_id; and the state that a purge ends, so that who deleted a task stays known. Only what
-- is in the trash can be purged: no statement makes a living task vanish.
--
-- A connection plans this once, for as many rows as it then has. A plan for one row goes over all pairs of the rows: with
-- 10,000 that is minutes instead of milliseconds.
create or replace function record_task_versions() returns trigger
language plpgsql set enable_nestloop = off as $$
begin
  if exists (select from old_rows o join new_rows n on n.id = o.id
              where n.version <> o.version + 1 or n.valid_from <= o.valid_from or n.created_at <> o.created_at) then
    raise exception 'a write to tasks must advance version by one and valid_from, and keep created_at';
  end if;
  insert into task_versions (task_id, version, valid_from, valid_to, project_id, title, description, status, priority,
                             labels, due_date, assigned_user_id, created_by, external_id, import_id, created_at,
                             updated_at, deleted_at, deletion_id, changed_by, cause, labels_ended, text_ended,
                             due_ended)
  select o.id, o.version, o.valid_from, n.valid_from, o.project_id, o.title, o.description, o.status, o.priority,
         o.labels, o.due_date, o.assigned_user_id, o.created_by, o.external_id, o.import_id, o.created_at,
         o.updated_at, o.deleted_at, o.deletion_id, o.changed_by, o.cause,
         n.deleted_at is not null or o.labels <> n.labels,
         n.deleted_at is not null or (o.title, o.description) <> (n.title, n.description),
         n.deleted_at is not null or o.due_date is distinct from n.due_date
    from old_rows o join new_rows n on n.id = o.id;
  return null;
end $$;

create function record_purged_tasks() returns trigger
language plpgsql as $$
begin
  if exists (select from old_rows where deleted_at is null) then
    raise exception 'only a task in the trash can be purged';
  end if;
  insert into task_versions (task_id, version, valid_from, valid_to, project_id, title, description, status, priority,
                             labels, due_date, assigned_user_id, created_by, external_id, import_id, created_at,
                             updated_at, deleted_at, deletion_id, changed_by, cause)
  select o.id, o.version, o.valid_from, greatest(clock_timestamp(), o.valid_from + interval '1 microsecond'),
         o.project_id, o.title, o.description, o.status, o.priority, o.labels, o.due_date, o.assigned_user_id,
         o.created_by, o.external_id, o.import_id, o.created_at, o.updated_at, o.deleted_at, o.deletion_id,
         o.changed_by, o.cause
    from old_rows o;
  return null;
end $$;

create trigger tasks_purge after delete on tasks
  referencing old table as old_rows
  for each statement execute function record_purged_tasks();

-- What lies before `history_kept_from` has been given up by the retention; null while nothing has.
alter table past_epoch add column history_kept_from timestamptz;
