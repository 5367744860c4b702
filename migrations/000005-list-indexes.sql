-- one by one
-- Lists walk (created_at, id) below a column that the filter gives a value; see src/tasks/list-queries.ts. valid_from stands
-- last so that a list of the past skips what is younger without a look at the row.
create index concurrently tasks_by_date on tasks (created_at, id, valid_from) where deleted_at is null;
create index concurrently tasks_by_project on tasks (project_id, status, created_at, id, valid_from)
  where deleted_at is null;
create index concurrently tasks_by_assignee on tasks (assigned_user_id, created_at, id, valid_from)
  where deleted_at is null;
create index concurrently tasks_by_status on tasks (status, created_at, id, valid_from)
  where deleted_at is null;
create index concurrently tasks_by_priority on tasks (priority, status, created_at, id, valid_from)
  where deleted_at is null;
create index concurrently tasks_by_due_date on tasks (due_date) where deleted_at is null;
create index concurrently tasks_by_label on tasks using gin (labels) where deleted_at is null;

create index concurrently task_versions_by_date on task_versions (created_at, task_id, valid_from)
  where deleted_at is null;
create index concurrently task_versions_by_project on task_versions
  (project_id, status, created_at, task_id, valid_from) where deleted_at is null;
create index concurrently task_versions_by_assignee on task_versions
  (assigned_user_id, created_at, task_id, valid_from) where deleted_at is null;
create index concurrently task_versions_by_status on task_versions (status, created_at, task_id, valid_from)
  where deleted_at is null;
create index concurrently task_versions_by_priority on task_versions
  (priority, status, created_at, task_id, valid_from) where deleted_at is null;
create index concurrently task_versions_by_due_date on task_versions (due_date) where deleted_at is null and due_ended;
create index concurrently task_versions_by_label on task_versions using gin (labels)
  where deleted_at is null and labels_ended;
create index concurrently task_versions_by_word on task_versions
  using gin (to_tsvector('simple', title || ' ' || description)) where deleted_at is null and text_ended;

-- A task in the trash does not keep its key from others.
create unique index concurrently tasks_living_external_id on tasks (project_id, external_id)
  where external_id is not null and deleted_at is null;

create index concurrently tasks_trash on tasks (deleted_at desc, id desc) where deleted_at is not null;
create index concurrently tasks_deletion on tasks (deletion_id) where deletion_id is not null;

drop index concurrently if exists tasks_created;
drop index concurrently if exists tasks_project;
drop index concurrently if exists tasks_assigned;
drop index concurrently if exists tasks_external_id;
drop index if exists task_versions_created;
drop index if exists task_versions_project;
drop index if exists task_versions_assigned;
