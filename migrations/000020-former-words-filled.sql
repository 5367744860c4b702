-- one by one
insert into former_words (task_id, valid_to, created_at, labels, words)
select task_id, valid_to, created_at, case when labels_ended then labels end,
       case when text_ended then to_tsvector('simple', title || ' ' || description) end
  from task_versions
 where deleted_at is null and (labels_ended or text_ended)
on conflict do nothing;

create index concurrently former_words_search on former_words
  using gin ((array[date_trunc('week', created_at at time zone 'UTC')::date]), labels, words);

drop index if exists task_versions_search;

-- With the date by which lists are ordered: of what is due in some days, a page deep in the list reads no task before it. An index
-- of all living tasks would be taken for any look-up among them while the table is thought to be empty.
create index concurrently tasks_due on tasks (due_date, created_at, id) where deleted_at is null and due_date is not null;

drop index concurrently if exists tasks_by_due_date;
