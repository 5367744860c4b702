-- A change of one task is recorded for that row: joining the old and the new rows of a statement was a quarter of what history
-- costs it. Statements over many tasks say so (`tasklog.many_rows`) and are recorded at once: by the row, they take three
-- times as long. Who does not say so has history as well.
create function record_task_version() returns trigger language plpgsql as $$
begin
  if current_setting('tasklog.many_rows', true) = 'on' then
    return null;
  end if;
  if new.version <> old.version + 1 or new.valid_from <= old.valid_from or new.created_at <> old.created_at
     or new.created_by <> old.created_by or new.import_id is distinct from old.import_id
     or (new.project_id <> old.project_id or new.assigned_user_id is distinct from old.assigned_user_id)
        and not has_references(new.project_id, new.assigned_user_id) then
    perform refuse_write();
  end if;
  insert into task_versions (task_id, version, valid_from, valid_to, project_id, title, description, status, priority,
                             labels, due_date, assigned_user_id, created_by, external_id, import_id, created_at,
                             updated_at, deleted_at, deletion_id, changed_by, cause, labels_ended, text_ended,
                             due_ended)
  values (old.id, old.version, old.valid_from, new.valid_from, old.project_id, old.title, old.description, old.status,
          old.priority, old.labels, old.due_date, old.assigned_user_id, old.created_by, old.external_id, old.import_id,
          old.created_at, old.updated_at, old.deleted_at, old.deletion_id, old.changed_by, old.cause,
          new.deleted_at is not null or old.labels <> new.labels,
          new.deleted_at is not null or (old.title, old.description) <> (new.title, new.description),
          new.deleted_at is not null or old.due_date is distinct from new.due_date);
  return null;
end $$;

-- Its join stays one over hashed rows: its plan is made once for a connection, whatever number of rows comes first.
create or replace function record_task_versions() returns trigger language plpgsql
set enable_nestloop = off as $$
begin
  if current_setting('tasklog.many_rows', true) is distinct from 'on' then
    return null;
  end if;
  insert into task_versions (task_id, version, valid_from, valid_to, project_id, title, description, status, priority,
                             labels, due_date, assigned_user_id, created_by, external_id, import_id, created_at,
                             updated_at, deleted_at, deletion_id, changed_by, cause, labels_ended, text_ended,
                             due_ended)
  select o.id,
         case when n.version = o.version + 1 and n.valid_from > o.valid_from and n.created_at = o.created_at
                   and n.created_by = o.created_by and n.import_id is not distinct from o.import_id
                   and (n.project_id = o.project_id and n.assigned_user_id is not distinct from o.assigned_user_id
                        or has_references(n.project_id, n.assigned_user_id))
              then o.version else refuse_write() end,
         o.valid_from, n.valid_from, o.project_id, o.title, o.description, o.status, o.priority,
         o.labels, o.due_date, o.assigned_user_id, o.created_by, o.external_id, o.import_id, o.created_at,
         o.updated_at, o.deleted_at, o.deletion_id, o.changed_by, o.cause,
         n.deleted_at is not null or o.labels <> n.labels,
         n.deleted_at is not null or (o.title, o.description) <> (n.title, n.description),
         n.deleted_at is not null or o.due_date is distinct from n.due_date
    from old_rows o join new_rows n on n.id = o.id;
  return null;
end $$;

alter trigger tasks_history on tasks rename to tasks_history_of_many;
create trigger tasks_history after update on tasks for each row execute function record_task_version();
