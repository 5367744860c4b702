-- Words and labels that tasks had before: one row for each state that was the last before another text or other labels, or
-- before the task was deleted. One table with one index, so that a search of the past opens no month of history. See
-- docs/decisions/0018-former-words.md.
create table former_words (
  task_id bigint not null,
  -- Of the state that had them, as in task_versions.
  valid_to timestamptz not null,
  created_at timestamptz not null,
  -- Null where only the other ended.
  labels text[],
  words tsvector,
  primary key (valid_to, task_id)
);

-- Whoever changes tasks from here on does so with the functions below; what there was before is filled in by the next
-- migration.
lock table tasks in share row exclusive mode;

create or replace function record_task_version() returns trigger language plpgsql as $$
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
  if old.deleted_at is null and (new.deleted_at is not null or old.labels <> new.labels or old.title <> new.title
                                 or old.description <> new.description) then
    insert into former_words (task_id, valid_to, created_at, labels, words)
    values (old.id, new.valid_from, old.created_at,
            case when new.deleted_at is not null or old.labels <> new.labels then old.labels end,
            case when new.deleted_at is not null or (old.title, old.description) <> (new.title, new.description)
                 then to_tsvector('simple', old.title || ' ' || old.description) end);
  end if;
  return null;
end $$;

-- Its joins stay ones over hashed rows: their plans are made once for a connection, whatever number of rows comes first.
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
  insert into former_words (task_id, valid_to, created_at, labels, words)
  select o.id, n.valid_from, o.created_at,
         case when n.deleted_at is not null or o.labels <> n.labels then o.labels end,
         case when n.deleted_at is not null or (o.title, o.description) <> (n.title, n.description)
              then to_tsvector('simple', o.title || ' ' || o.description) end
    from old_rows o join new_rows n on n.id = o.id
   where o.deleted_at is null and (n.deleted_at is not null or o.labels <> n.labels or o.title <> n.title
                                   or o.description <> n.description);
  return null;
end $$;
