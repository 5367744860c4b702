-- one by one
-- One index for words and labels, which also has the week in which a task was made: that never changes, and lists are in its
-- order. So a page of what is neither common nor rare is looked for in a few weeks. See src/tasks/list-search-queries.ts.
create index concurrently tasks_search on tasks
  using gin ((array[date_trunc('week', created_at at time zone 'UTC')::date]), labels,
             to_tsvector('simple', title || ' ' || description))
  where deleted_at is null;

create index concurrently task_versions_search on task_versions
  using gin ((array[date_trunc('week', created_at at time zone 'UTC')::date]), (case when labels_ended then labels end),
             (case when text_ended then to_tsvector('simple', title || ' ' || description) end))
  where deleted_at is null and (labels_ended or text_ended);

drop index concurrently if exists tasks_text;
drop index concurrently if exists tasks_by_label;
drop index if exists task_versions_by_label;
drop index if exists task_versions_by_word;
