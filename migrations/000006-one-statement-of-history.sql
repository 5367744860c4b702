-- The check of a write is part of the statement that records it: a statement of its own was a tenth of what history costs.
create function refuse_write() returns integer language plpgsql as $$
begin
  raise exception 'a write to tasks must advance version by one and valid_from, and keep created_at';
end $$;

create or replace function record_task_versions() returns trigger language plpgsql
set enable_nestloop = off as $$
begin
  insert into task_versions (task_id, version, valid_from, valid_to, project_id, title, description, status, priority,
                             labels, due_date, assigned_user_id, created_by, external_id, import_id, created_at,
                             updated_at, deleted_at, deletion_id, changed_by, cause, labels_ended, text_ended,
                             due_ended)
  select o.id,
         case when n.version = o.version + 1 and n.valid_from > o.valid_from and n.created_at = o.created_at
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
