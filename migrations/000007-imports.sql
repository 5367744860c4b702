-- Imports of any columns that update as well, are tried first, stopped and taken back. See src/imports/README.md.
alter table imports
  add column dry_run boolean not null default false,
  -- What a rejected row means: it is left out, or nothing is imported.
  add column on_error text not null default 'skip' check (on_error in ('skip', 'abort')),
  -- For each column of the file, in its order: {"name", "field" or null, "format" of its dates or null}.
  add column columns jsonb not null default '[]',
  add column delimiter text not null default ',' check (char_length(delimiter) = 1),
  -- Of a dry run: a few of the differences it found.
  add column samples jsonb,
  add column merging_at timestamptz,
  add column committed_at timestamptz,
  -- Until an undo these are 0; then created + updated = undone_removed + undone_restored + undone_left.
  add column undone_removed bigint not null default 0,
  add column undone_restored bigint not null default 0,
  add column undone_left bigint not null default 0,
  add column undone_by bigint references users (id),
  add column undone_at timestamptz,
  -- Tasks up to this id are undone; moved in the transaction of the stretch, so a stretch happens once.
  add column undone_task bigint not null default 0,
  -- The deletion that what it created went to the trash with.
  add column undo_deletion uuid,
  drop constraint imports_state_check,
  add constraint imports_state_check check (state in ('receiving', 'checking', 'ready', 'merging', 'done', 'failed',
                                                      'cancelled', 'undoing', 'undone')),
  add constraint imports_undone_check check (
    state <> 'undone' or created + updated = undone_removed + undone_restored + undone_left);

drop index imports_unfinished;
create index imports_unfinished on imports (id) where state in ('receiving', 'checking', 'ready', 'merging', 'undoing');
create index imports_same_file on imports (project_id, sha256) where sha256 is not null;

-- The record of each rejected row, as CSV text without a line end, to be given back.
create table import_rejects (
  import_id bigint not null references imports (id) on delete cascade,
  line      bigint not null,
  record    text not null,
  primary key (import_id, line)
);

-- The version that the import made of each task it updated. Without a foreign key, which would be a look-up for each row.
create table import_updates (
  import_id bigint not null,
  task_id   bigint not null,
  version   integer not null,
  primary key (import_id, task_id)
);

-- What an undo has left as it was, since somebody changed it meanwhile.
create table import_left (
  import_id bigint not null,
  task_id   bigint not null,
  reason    text not null check (reason in ('CHANGED_SINCE', 'DELETED_SINCE', 'HISTORY_GONE')),
  primary key (import_id, task_id)
);

-- The point in time a cell names: an ISO 8601 date or time, a date with the year in front, or two numbers and a year in
-- the order `format` says (MDY or DMY; null: it is not needed, as for 3/3/2025), all with an optional time of day. A date
-- is its first moment in `zone`. Null when the cell names none. (parse_import_time, its predecessor, stays for processes of the version before.)
create function parse_import_date(cell text, format text, zone text) returns timestamptz
language plpgsql stable as $$
declare
  part text[];
  swap boolean := format = 'DMY';
  hour integer;
begin
  if cell ~ '^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?$' then
    return cell::timestamp at time zone zone;
  end if;
  if cell ~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)$' then
    return cell::timestamptz;
  end if;
  part := regexp_match(cell, '^(\d{1,2}|\d{4})([/.-])(\d{1,2})\2(\d{4}|\d{1,2})(?:,? +(\d{1,2}):(\d\d)(?::(\d\d))? ?([AaPp][Mm])?)?$');
  if part is null then
    return null;
  end if;
  if length(part[1]) = 4 then
    part[1:4] := array[part[3], null, part[4], part[1]];
    swap := false;
  elsif coalesce(format, '') not in ('MDY', 'DMY') and (format is not null or part[1]::int <> part[3]::int) then
    return null;
  end if;
  if length(part[4]) <> 4 or length(part[1]) > 2 or length(part[3]) > 2 then
    return null;
  end if;
  hour := coalesce(part[5]::int, 0);
  if part[8] is not null and hour not between 1 and 12 or hour > 23 then
    return null;
  end if;
  if part[8] is not null then
    hour := hour % 12 + case when lower(part[8]) = 'pm' then 12 else 0 end;
  end if;
  return make_timestamp(part[4]::int, part[case when swap then 3 else 1 end]::int,
                        part[case when swap then 1 else 3 end]::int, hour, coalesce(part[6]::int, 0),
                        coalesce(part[7]::int, 0)) at time zone zone;
exception when datetime_field_overflow or invalid_datetime_format or invalid_parameter_value then
  return null;
end $$;
