-- one by one
-- The same as before without `where deleted_at is null`: a condition of an index is prepared for each statement that writes one
-- row, and few superseded states are deleted ones.
create index concurrently task_versions_date on task_versions (created_at, task_id, valid_from);
create index concurrently task_versions_project on task_versions (project_id, status, created_at, task_id, valid_from);
create index concurrently task_versions_assignee on task_versions (assigned_user_id, created_at, task_id, valid_from);
create index concurrently task_versions_status on task_versions (status, created_at, task_id, valid_from);
create index concurrently task_versions_priority on task_versions (priority, status, created_at, task_id, valid_from);

drop index if exists task_versions_by_date;
drop index if exists task_versions_by_project;
drop index if exists task_versions_by_assignee;
drop index if exists task_versions_by_status;
drop index if exists task_versions_by_priority;
