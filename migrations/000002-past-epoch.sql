-- Counts the changes of the past. The log of a day that has ended stays the same until this moves, so it may be kept
-- under a key that holds this number. It moves in the transaction of the change, never before its commit.
create table past_epoch (
  only_row boolean primary key default true check (only_row),
  epoch    bigint not null default 0
);

insert into past_epoch default values;

-- Only an import creates tasks whose history begins in the past. Runs after the rows are in, so the row lock is held
-- for no longer than the commit takes.
create function note_past_tasks() returns trigger
language plpgsql as $$
begin
  if exists (select from new_rows where valid_from < clock_timestamp() - interval '1 minute') then
    update past_epoch set epoch = epoch + 1;
  end if;
  return null;
end $$;

create trigger tasks_past after insert on tasks
  referencing new table as new_rows
  for each statement execute function note_past_tasks();
