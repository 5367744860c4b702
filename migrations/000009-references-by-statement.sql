-- What tasks refer to is looked up once a statement, not once a row: the row-by-row checks of four foreign keys were a third
-- of an import. It is the same promise, because what tasks refer to never goes away.
create function keep_referenced() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % that tasks refer to are never deleted', tg_table_name using errcode = 'foreign_key_violation';
end $$;

create trigger users_stay before delete on users for each row execute function keep_referenced();
create trigger projects_stay before delete on projects for each row execute function keep_referenced();
-- One whose file has not arrived has no tasks.
create trigger imports_stay before delete on imports for each row when (old.state <> 'receiving')
  execute function keep_referenced();

create function check_task_references() returns trigger language plpgsql as $$
declare
  missing text;
begin
  select m.what into missing from (
    select 'project ' || n.id as what from (select distinct project_id as id from new_rows) n
     where not exists (select from projects p where p.id = n.id)
    union all
    select 'user ' || n.id from (select created_by as id from new_rows union select assigned_user_id from new_rows) n
     where n.id is not null and not exists (select from users u where u.id = n.id)
    union all
    select 'import ' || n.id from (select distinct import_id as id from new_rows where import_id is not null) n
     where not exists (select from imports i where i.id = n.id)) m limit 1;
  if missing is not null then
    raise exception 'a task refers to %, which is not there', missing using errcode = 'foreign_key_violation';
  end if;
  return null;
end $$;

create trigger tasks_references after insert on tasks referencing new table as new_rows
  for each statement execute function check_task_references();

-- Of a change, only what changed is looked up, by the statement that records it.
create or replace function refuse_write() returns integer language plpgsql as $$
begin
  raise exception 'a write to tasks must advance version by one and valid_from, keep created_at, created_by and import_id, and refer to what is there';
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
                   and n.created_by = o.created_by and n.import_id is not distinct from o.import_id
                   and (n.project_id = o.project_id or exists (select from projects p where p.id = n.project_id))
                   and (n.assigned_user_id is null or n.assigned_user_id is not distinct from o.assigned_user_id
                        or exists (select from users u where u.id = n.assigned_user_id))
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

alter table tasks
  drop constraint tasks_project_id_fkey, drop constraint tasks_assigned_user_id_fkey,
  drop constraint tasks_created_by_fkey, drop constraint tasks_import_id_fkey;
