-- Accounts and their sessions --------------------------------------------------------------------------------------

create table users (
  id            bigint generated always as identity primary key,
  username      text not null check (username ~ '^[A-Za-z0-9._-]{2,64}$'),
  email         text check (char_length(email) <= 254),
  role          text not null default 'user' check (role in ('user', 'admin')),
  password_hash text not null,
  -- Made with a published password; production refuses to start while such a user can log in.
  is_demo       boolean not null default false,
  disabled_at   timestamptz,
  created_at    timestamptz not null default now()
);

create unique index users_username on users (lower(username));
create index users_active_admins on users (id) where role = 'admin' and disabled_at is null;

-- A refresh token is derived from (id, secret, generation) and never stored. See src/auth/README.md.
create table sessions (
  id             uuid primary key,
  user_id        bigint not null references users (id),
  secret         bytea not null,
  generation     integer not null default 1,
  rotated_at     timestamptz not null default now(),
  created_at     timestamptz not null default now(),
  expires_at     timestamptz not null,
  revoked_at     timestamptz,
  revoked_reason text check (revoked_reason in ('logout', 'password', 'disabled', 'reuse', 'revoked', 'reset')),
  user_agent     text,
  address        text
);

create index sessions_live on sessions (user_id, created_at desc) where revoked_at is null;
create index sessions_expires on sessions (expires_at);

-- Written by rate-limiter-flexible; here because attempts to log in must outlive a restart and an emptied Redis.
create table login_attempts (
  key    varchar(255) primary key,
  points integer not null default 0,
  expire bigint
);

-- Projects ---------------------------------------------------------------------------------------------------------

create table projects (
  id          bigint generated always as identity primary key,
  name        text not null check (char_length(name) between 1 and 100),
  is_default  boolean not null default false,
  created_by  bigint references users (id),
  archived_at timestamptz,
  created_at  timestamptz not null default now()
);

create unique index projects_name on projects (lower(name));
create unique index projects_default on projects (is_default) where is_default;

create table project_members (
  project_id bigint not null references projects (id),
  user_id    bigint not null references users (id),
  role       text not null check (role in ('viewer', 'contributor', 'maintainer')),
  added_at   timestamptz not null default now(),
  primary key (user_id, project_id)
);

create index project_members_project on project_members (project_id, user_id);

-- Every registered user is a contributor of it.
insert into projects (name, is_default) values ('General', true);

create function join_default_project() returns trigger
language plpgsql as $$
begin
  insert into project_members (project_id, user_id, role)
  select p.id, n.id, 'contributor' from projects p, new_users n where p.is_default;
  return null;
end $$;

create trigger users_join_default_project after insert on users
  referencing new table as new_users
  for each statement execute function join_default_project();

-- Imports ----------------------------------------------------------------------------------------------------------

create table imports (
  id            bigint generated always as identity primary key,
  project_id    bigint not null references projects (id),
  created_by    bigint not null references users (id),
  file_name     text check (char_length(file_name) <= 255),
  sha256        bytea,
  state         text not null default 'receiving'
                check (state in ('receiving', 'checking', 'merging', 'done', 'failed')),
  bytes         bigint not null default 0,
  rows          bigint not null default 0,
  created       bigint not null default 0,
  updated       bigint not null default 0,
  unchanged     bigint not null default 0,
  rejected      bigint not null default 0,
  -- Physical line of the last record.
  last_line     bigint not null default 0,
  -- Rows up to this line are merged; moved in the transaction of the chunk, so a chunk happens once.
  merged_line   bigint not null default 0,
  -- Counts the workers that took this import; only the latest may write.
  lease         integer not null default 0,
  failure_code  text,
  failure       text,
  created_at    timestamptz not null default now(),
  finished_at   timestamptz,
  check (state <> 'done' or rows = created + updated + unchanged + rejected)
);

create index imports_created_by on imports (created_by, id desc);
create index imports_unfinished on imports (id) where state not in ('done', 'failed');

create table import_errors (
  import_id   bigint not null references imports (id) on delete cascade,
  -- Physical line in the file where the row begins; the header is line 1.
  line        bigint not null,
  column_name text not null default '',
  value       text,
  code        text not null,
  message     text not null,
  primary key (import_id, line, column_name)
);

-- One table an import, made when its upload begins and dropped when it ends.
create schema import_staging;

-- The point in time a cell names: M/D/YYYY, an ISO 8601 date or an ISO 8601 time. A date is its first moment in `zone`.
-- Null when the cell names none. (pg_input_is_valid would say so too, from PostgreSQL 16 on.)
create function parse_import_time(cell text, zone text) returns timestamptz
language plpgsql stable as $$
declare
  part text[];
begin
  part := regexp_match(cell, '^(\d{1,2})/(\d{1,2})/(\d{4})$');
  if part is not null then
    return make_timestamp(part[3]::int, part[1]::int, part[2]::int, 0, 0, 0) at time zone zone;
  end if;
  if cell ~ '^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?$' then
    return cell::timestamp at time zone zone;
  end if;
  if cell ~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)$' then
    return cell::timestamptz;
  end if;
  return null;
exception when datetime_field_overflow or invalid_datetime_format or invalid_parameter_value then
  return null;
end $$;

-- Tasks and their history ------------------------------------------------------------------------------------------

create table tasks (
  id               bigint generated always as identity primary key,
  project_id       bigint not null references projects (id),
  title            text not null check (char_length(title) between 1 and 200),
  description      text not null default '' check (char_length(description) <= 20000),
  status           text not null check (status in ('pending', 'active', 'inactive', 'completed', 'cancelled')),
  priority         text not null check (priority in ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
  labels           text[] not null default '{}',
  due_date         date,
  assigned_user_id bigint references users (id),
  created_by       bigint not null references users (id),
  external_id      text check (char_length(external_id) between 1 and 200),
  import_id        bigint references imports (id),
  -- Where the task's history begins; an import may set it in the past. Never changes.
  created_at       timestamptz not null,
  -- When it was last written. Differs from valid_from for a task imported with an old created_at.
  updated_at       timestamptz not null,
  deleted_at       timestamptz,
  version          integer not null default 1,
  -- This state holds from here on.
  valid_from       timestamptz not null,
  changed_by       bigint not null,
  cause            text not null default 'api' check (cause in ('api', 'import', 'undo', 'revert'))
);

create index tasks_created on tasks (created_at desc, id desc) where deleted_at is null;
create index tasks_project on tasks (project_id, created_at desc, id desc) where deleted_at is null;
create index tasks_assigned on tasks (assigned_user_id, created_at desc, id desc) where deleted_at is null;
create unique index tasks_external_id on tasks (project_id, external_id) where external_id is not null;
create index tasks_text on tasks using gin (to_tsvector('simple', title || ' ' || description)) where deleted_at is null;

-- Each superseded state of a task. No foreign keys: history must never stand in the way of, or vanish with, the rest.
-- Partitioned by when the state ended, so that retention drops whole partitions.
create table task_versions (
  task_id          bigint not null,
  version          integer not null,
  valid_from       timestamptz not null,
  valid_to         timestamptz not null,
  project_id       bigint not null,
  title            text not null,
  description      text not null,
  status           text not null,
  priority         text not null,
  labels           text[] not null,
  due_date         date,
  assigned_user_id bigint,
  created_by       bigint not null,
  external_id      text,
  import_id        bigint,
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  deleted_at       timestamptz,
  changed_by       bigint not null,
  cause            text not null,
  primary key (task_id, version, valid_to),
  check (valid_from < valid_to)
) partition by range (valid_to);

create index task_versions_created on task_versions (created_at desc, task_id desc) where deleted_at is null;
create index task_versions_project on task_versions (project_id, created_at desc, task_id desc) where deleted_at is null;
create index task_versions_assigned on task_versions (assigned_user_id, created_at desc, task_id desc)
  where deleted_at is null;

-- Catches what no month has a partition for, so that a write never fails for want of one.
create table task_versions_default partition of task_versions default;

-- Makes the partitions of this month and the next `months_ahead`; called by a daily job.
create function ensure_history_partitions(months_ahead integer) returns void
language plpgsql as $$
declare
  month date := date_trunc('month', now() at time zone 'UTC');
  name text;
begin
  for i in 0..months_ahead loop
    name := format('task_versions_%s', to_char(month, 'YYYY_MM'));
    if to_regclass(name) is null
       and not exists (select from task_versions_default
                        where valid_to >= month at time zone 'UTC'
                          and valid_to < (month + interval '1 month') at time zone 'UTC') then
      execute format('create table %I partition of task_versions for values from (%L) to (%L)', name,
                     month at time zone 'UTC', (month + interval '1 month') at time zone 'UTC');
    end if;
    month := month + interval '1 month';
  end loop;
end $$;

-- History is written by the database, so no write path can forget it: one set operation a statement, however many
-- rows it changes. A write that does not move version and valid_from forward is refused.
create function record_task_versions() returns trigger
language plpgsql as $$
begin
  if exists (select from old_rows o join new_rows n on n.id = o.id
              where n.version <> o.version + 1 or n.valid_from <= o.valid_from or n.created_at <> o.created_at) then
    raise exception 'a write to tasks must advance version by one and valid_from, and keep created_at';
  end if;
  insert into task_versions (task_id, version, valid_from, valid_to, project_id, title, description, status, priority,
                             labels, due_date, assigned_user_id, created_by, external_id, import_id, created_at,
                             updated_at, deleted_at, changed_by, cause)
  select o.id, o.version, o.valid_from, n.valid_from, o.project_id, o.title, o.description, o.status, o.priority,
         o.labels, o.due_date, o.assigned_user_id, o.created_by, o.external_id, o.import_id, o.created_at,
         o.updated_at, o.deleted_at, o.changed_by, o.cause
    from old_rows o join new_rows n on n.id = o.id;
  return null;
end $$;

create trigger tasks_history after update on tasks
  referencing old table as old_rows new table as new_rows
  for each statement execute function record_task_versions();
