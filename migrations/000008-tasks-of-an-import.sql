-- one by one
-- An undo walks the tasks of its import by their ids. An import appends to this in order, page by page.
create index concurrently tasks_by_import on tasks (import_id, id) where import_id is not null;
