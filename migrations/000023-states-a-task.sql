-- The planner counts how many tasks the states of a month are of, and believes it until it counts again: after a few busy
-- tasks, that each task has hundreds. Then it goes through a whole index for one of them, a thousand times a list. So it is
-- told, from its next count on: three states a task, and each task made at a time of its own.
do $$
declare
  month regclass;
begin
  for month in select inhrelid from pg_inherits where inhparent = 'task_versions'::regclass loop
    execute format('alter table %s alter task_id set (n_distinct = -0.3), alter created_at set (n_distinct = -0.3)',
                   month);
  end loop;
end $$;

-- @param month its first day, in UTC; nothing is done where there is one, or states that would be in it stand elsewhere
create function create_history_partition(month date) returns void
language plpgsql as $$
declare
  name text := format('task_versions_%s', to_char(month, 'YYYY_MM'));
begin
  if to_regclass(name) is null
     and not exists (select from task_versions_default
                      where valid_to >= month at time zone 'UTC'
                        and valid_to < (month + interval '1 month') at time zone 'UTC') then
    execute format('create table %I partition of task_versions for values from (%L) to (%L)', name,
                   month at time zone 'UTC', (month + interval '1 month') at time zone 'UTC');
    execute format('alter table %I alter task_id set (n_distinct = -0.3), alter created_at set (n_distinct = -0.3)',
                   name);
  end if;
end $$;

create or replace function ensure_history_partitions(months_ahead integer) returns void
language plpgsql as $$
begin
  for i in 0..months_ahead loop
    perform create_history_partition((date_trunc('month', now() at time zone 'UTC') + i * interval '1 month')::date);
  end loop;
end $$;
