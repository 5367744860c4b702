CREATE SCHEMA import_staging;

CREATE FUNCTION public.check_task_references() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.count_access_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
  free smallint;
begin
  select slot into free from access_changes order by slot limit 1 for update skip locked;
  update access_changes set changes = changes + 1 where slot = coalesce(free, pg_backend_pid() % 16);
  return null;
end $$;

CREATE FUNCTION public.count_data_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  perform pg_advisory_xact_lock_shared(7263002);
  perform nextval('data_changes');
  return null;
end $$;

CREATE FUNCTION public.create_history_partition(month date) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.ensure_history_partitions(months_ahead integer) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
  for i in 0..months_ahead loop
    perform create_history_partition((date_trunc('month', now() at time zone 'UTC') + i * interval '1 month')::date);
  end loop;
end $$;

CREATE FUNCTION public.has_references(project bigint, assignee bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
begin
  return exists (select from projects p where p.id = project)
     and (assignee is null or exists (select from users u where u.id = assignee));
end $$;

CREATE FUNCTION public.join_default_project() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  insert into project_members (project_id, user_id, role)
  select p.id, n.id, 'contributor' from projects p, new_users n where p.is_default;
  return null;
end $$;

CREATE FUNCTION public.keep_referenced() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception 'rows of % that tasks refer to are never deleted', tg_table_name using errcode = 'foreign_key_violation';
end $$;

CREATE FUNCTION public.note_past_of_import() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  update past_epoch set epoch = epoch + 1;
  return null;
end $$;

CREATE FUNCTION public.note_past_tasks() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if exists (select from new_rows where cause <> 'import' and valid_from < clock_timestamp() - interval '1 minute') then
    update past_epoch set epoch = epoch + 1;
  end if;
  return null;
end $$;

CREATE FUNCTION public.parse_import_date(cell text, format text, zone text) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    AS $_$
declare
  part text[];
  swap boolean := format = 'DMY';
  hour integer;
  at timestamptz;
begin
  if cell ~ '^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?$' then
    at := cell::timestamp at time zone zone;
  elsif cell ~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)$' then
    at := cell::timestamptz;
  end if;
  if at is not null then
    return case when extract(year from at at time zone zone) between 1 and 9999 then at end;
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
exception when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value
     or invalid_parameter_value then
  return null;
end $_$;

CREATE FUNCTION public.parse_import_time(cell text, zone text) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    AS $_$
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
end $_$;

CREATE FUNCTION public.record_purged_tasks() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if exists (select from old_rows where deleted_at is null) then
    raise exception 'only a task in the trash can be purged';
  end if;
  insert into task_versions (task_id, version, valid_from, valid_to, project_id, title, description, status, priority,
                             labels, due_date, assigned_user_id, created_by, external_id, import_id, created_at,
                             updated_at, deleted_at, deletion_id, changed_by, cause)
  select o.id, o.version, o.valid_from, greatest(clock_timestamp(), o.valid_from + interval '1 microsecond'),
         o.project_id, o.title, o.description, o.status, o.priority, o.labels, o.due_date, o.assigned_user_id,
         o.created_by, o.external_id, o.import_id, o.created_at, o.updated_at, o.deleted_at, o.deletion_id,
         o.changed_by, o.cause
    from old_rows o;
  return null;
end $$;

CREATE FUNCTION public.record_task_version() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  if current_setting('tasklog.many_rows', true) = 'on' then
    return null;
  end if;
  if new.version <> old.version + 1 or new.valid_from <= old.valid_from or new.created_at <> old.created_at
     or new.created_by <> old.created_by or new.import_id is distinct from old.import_id
     or (new.project_id <> old.project_id or new.assigned_user_id is distinct from old.assigned_user_id)
        and not has_references(new.project_id, new.assigned_user_id) then
    perform refuse_write();
  end if;
  insert into task_versions (task_id, version, valid_from, valid_to, project_id, title, description, status, priority,
                             labels, due_date, assigned_user_id, created_by, external_id, import_id, created_at,
                             updated_at, deleted_at, deletion_id, changed_by, cause, labels_ended, text_ended,
                             due_ended)
  values (old.id, old.version, old.valid_from, new.valid_from, old.project_id, old.title, old.description, old.status,
          old.priority, old.labels, old.due_date, old.assigned_user_id, old.created_by, old.external_id, old.import_id,
          old.created_at, old.updated_at, old.deleted_at, old.deletion_id, old.changed_by, old.cause,
          new.deleted_at is not null or old.labels <> new.labels,
          new.deleted_at is not null or (old.title, old.description) <> (new.title, new.description),
          new.deleted_at is not null or old.due_date is distinct from new.due_date);
  if old.deleted_at is null and (new.deleted_at is not null or old.labels <> new.labels or old.title <> new.title
                                 or old.description <> new.description) then
    insert into former_words (task_id, valid_to, created_at, labels, words)
    values (old.id, new.valid_from, old.created_at,
            case when new.deleted_at is not null or old.labels <> new.labels then old.labels end,
            case when new.deleted_at is not null or (old.title, old.description) <> (new.title, new.description)
                 then to_tsvector('simple', old.title || ' ' || old.description) end);
  end if;
  return null;
end $$;

CREATE FUNCTION public.record_task_versions() RETURNS trigger
    LANGUAGE plpgsql
    SET enable_nestloop TO 'off'
    AS $$
begin
  if current_setting('tasklog.many_rows', true) is distinct from 'on' then
    return null;
  end if;
  insert into task_versions (task_id, version, valid_from, valid_to, project_id, title, description, status, priority,
                             labels, due_date, assigned_user_id, created_by, external_id, import_id, created_at,
                             updated_at, deleted_at, deletion_id, changed_by, cause, labels_ended, text_ended,
                             due_ended)
  select o.id,
         case when n.version = o.version + 1 and n.valid_from > o.valid_from and n.created_at = o.created_at
                   and n.created_by = o.created_by and n.import_id is not distinct from o.import_id
                   and (n.project_id = o.project_id and n.assigned_user_id is not distinct from o.assigned_user_id
                        or has_references(n.project_id, n.assigned_user_id))
              then o.version else refuse_write() end,
         o.valid_from, n.valid_from, o.project_id, o.title, o.description, o.status, o.priority,
         o.labels, o.due_date, o.assigned_user_id, o.created_by, o.external_id, o.import_id, o.created_at,
         o.updated_at, o.deleted_at, o.deletion_id, o.changed_by, o.cause,
         n.deleted_at is not null or o.labels <> n.labels,
         n.deleted_at is not null or (o.title, o.description) <> (n.title, n.description),
         n.deleted_at is not null or o.due_date is distinct from n.due_date
    from old_rows o join new_rows n on n.id = o.id;
  insert into former_words (task_id, valid_to, created_at, labels, words)
  select o.id, n.valid_from, o.created_at,
         case when n.deleted_at is not null or o.labels <> n.labels then o.labels end,
         case when n.deleted_at is not null or (o.title, o.description) <> (n.title, n.description)
              then to_tsvector('simple', o.title || ' ' || o.description) end
    from old_rows o join new_rows n on n.id = o.id
   where o.deleted_at is null and (n.deleted_at is not null or o.labels <> n.labels or o.title <> n.title
                                   or o.description <> n.description);
  return null;
end $$;

CREATE FUNCTION public.refuse_write() RETURNS integer
    LANGUAGE plpgsql
    AS $$
begin
  raise exception 'a write to tasks must advance version by one and valid_from, keep created_at, created_by and import_id, and refer to what is there';
end $$;

CREATE TABLE public.access_changes (
    slot smallint NOT NULL,
    changes bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');

CREATE SEQUENCE public.data_changes
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE UNLOGGED TABLE public.data_incarnation (
    only_row boolean DEFAULT true NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    CONSTRAINT data_incarnation_only_row_check CHECK (only_row)
);

CREATE TABLE public.past_epoch (
    only_row boolean DEFAULT true NOT NULL,
    epoch bigint DEFAULT 0 NOT NULL,
    history_kept_from timestamp with time zone,
    CONSTRAINT past_epoch_only_row_check CHECK (only_row)
);

CREATE VIEW public.data_version AS
 SELECT ((((i.id || '.'::text) || i.tableoid) || '.'::text) || EXTRACT(epoch FROM pg_postmaster_start_time())) AS incarnation,
    (c.last_value + (c.is_called)::integer) AS changes,
    ((e.epoch || '.'::text) || COALESCE(EXTRACT(epoch FROM e.history_kept_from), (0)::numeric)) AS past,
    (EXTRACT(epoch FROM now()))::double precision AS now,
    ((EXTRACT(epoch FROM pg_postmaster_start_time()) || '.'::text) || a.changes) AS access
   FROM (((public.data_changes c
     CROSS JOIN public.past_epoch e)
     LEFT JOIN public.data_incarnation i ON (true))
     CROSS JOIN ( SELECT sum(access_changes.changes) AS changes
           FROM public.access_changes) a);

CREATE TABLE public.former_words (
    task_id bigint NOT NULL,
    valid_to timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    labels text[],
    words tsvector
);

CREATE TABLE public.idempotency_keys (
    owner text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status smallint NOT NULL,
    headers jsonb NOT NULL,
    body bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT idempotency_keys_key_check CHECK (((char_length(key) >= 1) AND (char_length(key) <= 255))),
    CONSTRAINT idempotency_keys_owner_check CHECK (((char_length(owner) >= 1) AND (char_length(owner) <= 300))),
    CONSTRAINT idempotency_keys_status_check CHECK (((status >= 200) AND (status <= 299)))
);

CREATE TABLE public.import_errors (
    import_id bigint NOT NULL,
    line bigint NOT NULL,
    column_name text DEFAULT ''::text NOT NULL,
    value text,
    code text NOT NULL,
    message text NOT NULL
);

CREATE TABLE public.import_left (
    import_id bigint NOT NULL,
    task_id bigint NOT NULL,
    reason text NOT NULL,
    CONSTRAINT import_left_reason_check CHECK ((reason = ANY (ARRAY['CHANGED_SINCE'::text, 'DELETED_SINCE'::text, 'HISTORY_GONE'::text])))
);

CREATE TABLE public.import_rejects (
    import_id bigint NOT NULL,
    line bigint NOT NULL,
    record text NOT NULL
);

CREATE TABLE public.import_updates (
    import_id bigint NOT NULL,
    task_id bigint NOT NULL,
    version integer NOT NULL
);

CREATE TABLE public.imports (
    id bigint NOT NULL,
    project_id bigint NOT NULL,
    created_by bigint NOT NULL,
    file_name text,
    sha256 bytea,
    state text DEFAULT 'receiving'::text NOT NULL,
    bytes bigint DEFAULT 0 NOT NULL,
    rows bigint DEFAULT 0 NOT NULL,
    created bigint DEFAULT 0 NOT NULL,
    updated bigint DEFAULT 0 NOT NULL,
    unchanged bigint DEFAULT 0 NOT NULL,
    rejected bigint DEFAULT 0 NOT NULL,
    last_line bigint DEFAULT 0 NOT NULL,
    merged_line bigint DEFAULT 0 NOT NULL,
    lease integer DEFAULT 0 NOT NULL,
    failure_code text,
    failure text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    dry_run boolean DEFAULT false NOT NULL,
    on_error text DEFAULT 'skip'::text NOT NULL,
    columns jsonb DEFAULT '[]'::jsonb NOT NULL,
    delimiter text DEFAULT ','::text NOT NULL,
    samples jsonb,
    merging_at timestamp with time zone,
    committed_at timestamp with time zone,
    undone_removed bigint DEFAULT 0 NOT NULL,
    undone_restored bigint DEFAULT 0 NOT NULL,
    undone_left bigint DEFAULT 0 NOT NULL,
    undone_by bigint,
    undone_at timestamp with time zone,
    undone_task bigint DEFAULT 0 NOT NULL,
    undo_deletion uuid,
    sheet text,
    details_removed_at timestamp with time zone,
    committed_by bigint,
    CONSTRAINT imports_check CHECK (((state <> 'done'::text) OR (rows = (((created + updated) + unchanged) + rejected)))),
    CONSTRAINT imports_delimiter_check CHECK ((char_length(delimiter) = 1)),
    CONSTRAINT imports_file_name_check CHECK ((char_length(file_name) <= 255)),
    CONSTRAINT imports_on_error_check CHECK ((on_error = ANY (ARRAY['skip'::text, 'abort'::text]))),
    CONSTRAINT imports_state_check CHECK ((state = ANY (ARRAY['receiving'::text, 'checking'::text, 'ready'::text, 'merging'::text, 'done'::text, 'failed'::text, 'cancelled'::text, 'undoing'::text, 'undone'::text]))),
    CONSTRAINT imports_undone_check CHECK (((state <> 'undone'::text) OR ((created + updated) = ((undone_removed + undone_restored) + undone_left))))
);

ALTER TABLE public.imports ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.imports_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.login_attempts (
    key character varying(255) NOT NULL,
    points integer DEFAULT 0 NOT NULL,
    expire bigint
);

CREATE TABLE public.project_members (
    project_id bigint NOT NULL,
    user_id bigint NOT NULL,
    role text NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT project_members_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'contributor'::text, 'maintainer'::text])))
);

CREATE TABLE public.projects (
    id bigint NOT NULL,
    name text NOT NULL,
    is_default boolean DEFAULT false NOT NULL,
    created_by bigint,
    archived_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT projects_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100)))
);

ALTER TABLE public.projects ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.projects_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.replica_marks (
    reader bigint NOT NULL,
    lsn pg_lsn NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE public.schema_migrations (
    version integer NOT NULL,
    file text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.sessions (
    id uuid NOT NULL,
    user_id bigint NOT NULL,
    secret bytea NOT NULL,
    generation integer DEFAULT 1 NOT NULL,
    rotated_at timestamp with time zone DEFAULT now() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_reason text,
    user_agent text,
    address text,
    CONSTRAINT sessions_revoked_reason_check CHECK ((revoked_reason = ANY (ARRAY['logout'::text, 'password'::text, 'disabled'::text, 'reuse'::text, 'revoked'::text, 'reset'::text])))
);

CREATE TABLE public.task_versions (
    task_id bigint NOT NULL,
    version integer NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_to timestamp with time zone NOT NULL,
    project_id bigint NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    status text NOT NULL,
    priority text NOT NULL,
    labels text[] NOT NULL,
    due_date date,
    assigned_user_id bigint,
    created_by bigint NOT NULL,
    external_id text,
    import_id bigint,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone,
    changed_by bigint NOT NULL,
    cause text NOT NULL,
    deletion_id uuid,
    labels_ended boolean DEFAULT true NOT NULL,
    text_ended boolean DEFAULT true NOT NULL,
    due_ended boolean DEFAULT true NOT NULL
)
PARTITION BY RANGE (valid_to);

CREATE TABLE public.task_versions_default (
    task_id bigint NOT NULL,
    version integer NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_to timestamp with time zone NOT NULL,
    project_id bigint NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    status text NOT NULL,
    priority text NOT NULL,
    labels text[] NOT NULL,
    due_date date,
    assigned_user_id bigint,
    created_by bigint NOT NULL,
    external_id text,
    import_id bigint,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone,
    changed_by bigint NOT NULL,
    cause text NOT NULL,
    deletion_id uuid,
    labels_ended boolean DEFAULT true NOT NULL,
    text_ended boolean DEFAULT true NOT NULL,
    due_ended boolean DEFAULT true NOT NULL
);
ALTER TABLE ONLY public.task_versions_default ALTER COLUMN task_id SET (n_distinct=-0.3);
ALTER TABLE ONLY public.task_versions_default ALTER COLUMN created_at SET (n_distinct=-0.3);

CREATE TABLE public.tasks (
    id bigint NOT NULL,
    project_id bigint NOT NULL,
    title text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    status text NOT NULL,
    priority text NOT NULL,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    due_date date,
    assigned_user_id bigint,
    created_by bigint NOT NULL,
    external_id text,
    import_id bigint,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    changed_by bigint NOT NULL,
    cause text DEFAULT 'api'::text NOT NULL,
    deletion_id uuid,
    CONSTRAINT tasks_cause_check CHECK ((cause = ANY (ARRAY['api'::text, 'import'::text, 'undo'::text, 'revert'::text]))),
    CONSTRAINT tasks_description_check CHECK ((char_length(description) <= 20000)),
    CONSTRAINT tasks_external_id_check CHECK (((char_length(external_id) >= 1) AND (char_length(external_id) <= 200))),
    CONSTRAINT tasks_priority_check CHECK ((priority = ANY (ARRAY['LOW'::text, 'MEDIUM'::text, 'HIGH'::text, 'CRITICAL'::text]))),
    CONSTRAINT tasks_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'active'::text, 'inactive'::text, 'completed'::text, 'cancelled'::text]))),
    CONSTRAINT tasks_title_check CHECK (((char_length(title) >= 1) AND (char_length(title) <= 200)))
);

ALTER TABLE public.tasks ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.tasks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.users (
    id bigint NOT NULL,
    username text NOT NULL,
    email text,
    role text DEFAULT 'user'::text NOT NULL,
    password_hash text NOT NULL,
    is_demo boolean DEFAULT false NOT NULL,
    disabled_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT users_email_check CHECK ((char_length(email) <= 254)),
    CONSTRAINT users_role_check CHECK ((role = ANY (ARRAY['user'::text, 'admin'::text]))),
    CONSTRAINT users_username_check CHECK ((username ~ '^[A-Za-z0-9._-]{2,64}$'::text))
);

ALTER TABLE public.users ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY public.task_versions ATTACH PARTITION public.task_versions_default DEFAULT;

ALTER TABLE ONLY public.access_changes
    ADD CONSTRAINT access_changes_pkey PRIMARY KEY (slot);

ALTER TABLE ONLY public.data_incarnation
    ADD CONSTRAINT data_incarnation_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.former_words
    ADD CONSTRAINT former_words_pkey PRIMARY KEY (valid_to, task_id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (owner, key);

ALTER TABLE ONLY public.import_errors
    ADD CONSTRAINT import_errors_pkey PRIMARY KEY (import_id, line, column_name);

ALTER TABLE ONLY public.import_left
    ADD CONSTRAINT import_left_pkey PRIMARY KEY (import_id, task_id);

ALTER TABLE ONLY public.import_rejects
    ADD CONSTRAINT import_rejects_pkey PRIMARY KEY (import_id, line);

ALTER TABLE ONLY public.import_updates
    ADD CONSTRAINT import_updates_pkey PRIMARY KEY (import_id, task_id);

ALTER TABLE ONLY public.imports
    ADD CONSTRAINT imports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.login_attempts
    ADD CONSTRAINT login_attempts_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.past_epoch
    ADD CONSTRAINT past_epoch_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.project_members
    ADD CONSTRAINT project_members_pkey PRIMARY KEY (user_id, project_id);

ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.replica_marks
    ADD CONSTRAINT replica_marks_pkey PRIMARY KEY (reader);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.task_versions
    ADD CONSTRAINT task_versions_pkey PRIMARY KEY (task_id, version, valid_to);

ALTER TABLE ONLY public.task_versions_default
    ADD CONSTRAINT task_versions_default_pkey PRIMARY KEY (task_id, version, valid_to);

ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE INDEX former_words_search ON public.former_words USING gin ((ARRAY[(date_trunc('week'::text, (created_at AT TIME ZONE 'UTC'::text)))::date]), labels, words);

CREATE INDEX idempotency_keys_expires ON public.idempotency_keys USING btree (expires_at);

CREATE INDEX imports_created_by ON public.imports USING btree (created_by, id DESC);

CREATE INDEX imports_same_file ON public.imports USING btree (project_id, sha256) WHERE (sha256 IS NOT NULL);

CREATE INDEX imports_unfinished ON public.imports USING btree (id) WHERE (state = ANY (ARRAY['receiving'::text, 'checking'::text, 'ready'::text, 'merging'::text, 'undoing'::text]));

CREATE INDEX project_members_project ON public.project_members USING btree (project_id, user_id);

CREATE UNIQUE INDEX projects_default ON public.projects USING btree (is_default) WHERE is_default;

CREATE UNIQUE INDEX projects_name ON public.projects USING btree (lower(name));

CREATE INDEX sessions_expires ON public.sessions USING btree (expires_at);

CREATE INDEX sessions_live ON public.sessions USING btree (user_id, created_at DESC) WHERE (revoked_at IS NULL);

CREATE INDEX task_versions_assignee ON ONLY public.task_versions USING btree (assigned_user_id, created_at, task_id, valid_from);

CREATE INDEX task_versions_by_due_date ON ONLY public.task_versions USING btree (due_date) WHERE ((deleted_at IS NULL) AND due_ended);

CREATE INDEX task_versions_date ON ONLY public.task_versions USING btree (created_at, task_id, valid_from);

CREATE INDEX task_versions_default_assignee ON public.task_versions_default USING btree (assigned_user_id, created_at, task_id, valid_from);

CREATE INDEX task_versions_default_by_due_date ON public.task_versions_default USING btree (due_date) WHERE ((deleted_at IS NULL) AND due_ended);

CREATE INDEX task_versions_default_date ON public.task_versions_default USING btree (created_at, task_id, valid_from);

CREATE INDEX task_versions_priority ON ONLY public.task_versions USING btree (priority, status, created_at, task_id, valid_from);

CREATE INDEX task_versions_default_priority ON public.task_versions_default USING btree (priority, status, created_at, task_id, valid_from);

CREATE INDEX task_versions_project ON ONLY public.task_versions USING btree (project_id, status, created_at, task_id, valid_from);

CREATE INDEX task_versions_default_project ON public.task_versions_default USING btree (project_id, status, created_at, task_id, valid_from);

CREATE INDEX task_versions_status ON ONLY public.task_versions USING btree (status, created_at, task_id, valid_from);

CREATE INDEX task_versions_default_status ON public.task_versions_default USING btree (status, created_at, task_id, valid_from);

CREATE INDEX tasks_by_assignee ON public.tasks USING btree (assigned_user_id, created_at, id, valid_from) WHERE (deleted_at IS NULL);

CREATE INDEX tasks_by_date ON public.tasks USING btree (created_at, id, valid_from) WHERE (deleted_at IS NULL);

CREATE INDEX tasks_by_import ON public.tasks USING btree (import_id, id) WHERE (import_id IS NOT NULL);

CREATE INDEX tasks_by_priority ON public.tasks USING btree (priority, status, created_at, id, valid_from) WHERE (deleted_at IS NULL);

CREATE INDEX tasks_by_project ON public.tasks USING btree (project_id, status, created_at, id, valid_from) WHERE (deleted_at IS NULL);

CREATE INDEX tasks_by_status ON public.tasks USING btree (status, created_at, id, valid_from) WHERE (deleted_at IS NULL);

CREATE INDEX tasks_deletion ON public.tasks USING btree (deletion_id) WHERE (deletion_id IS NOT NULL);

CREATE INDEX tasks_due ON public.tasks USING btree (due_date, created_at, id) WHERE ((deleted_at IS NULL) AND (due_date IS NOT NULL));

CREATE UNIQUE INDEX tasks_living_external_id ON public.tasks USING btree (project_id, external_id) WHERE ((external_id IS NOT NULL) AND (deleted_at IS NULL));

CREATE INDEX tasks_search ON public.tasks USING gin ((ARRAY[(date_trunc('week'::text, (created_at AT TIME ZONE 'UTC'::text)))::date]), labels, to_tsvector('simple'::regconfig, ((title || ' '::text) || description))) WHERE (deleted_at IS NULL);

CREATE INDEX tasks_trash ON public.tasks USING btree (deleted_at DESC, id DESC) WHERE (deleted_at IS NOT NULL);

CREATE INDEX users_active_admins ON public.users USING btree (id) WHERE ((role = 'admin'::text) AND (disabled_at IS NULL));

CREATE UNIQUE INDEX users_username ON public.users USING btree (lower(username));

ALTER INDEX public.task_versions_assignee ATTACH PARTITION public.task_versions_default_assignee;

ALTER INDEX public.task_versions_by_due_date ATTACH PARTITION public.task_versions_default_by_due_date;

ALTER INDEX public.task_versions_date ATTACH PARTITION public.task_versions_default_date;

ALTER INDEX public.task_versions_pkey ATTACH PARTITION public.task_versions_default_pkey;

ALTER INDEX public.task_versions_priority ATTACH PARTITION public.task_versions_default_priority;

ALTER INDEX public.task_versions_project ATTACH PARTITION public.task_versions_default_project;

ALTER INDEX public.task_versions_status ATTACH PARTITION public.task_versions_default_status;

CREATE TRIGGER imports_past AFTER UPDATE OF created ON public.imports FOR EACH ROW WHEN ((new.created > old.created)) EXECUTE FUNCTION public.note_past_of_import();

CREATE TRIGGER imports_stay BEFORE DELETE ON public.imports FOR EACH ROW WHEN ((old.state <> 'receiving'::text)) EXECUTE FUNCTION public.keep_referenced();

CREATE TRIGGER project_members_count_access AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.project_members FOR EACH STATEMENT EXECUTE FUNCTION public.count_access_change();

CREATE TRIGGER project_members_count_change AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.project_members FOR EACH STATEMENT EXECUTE FUNCTION public.count_data_change();

CREATE TRIGGER projects_stay BEFORE DELETE ON public.projects FOR EACH ROW EXECUTE FUNCTION public.keep_referenced();

CREATE TRIGGER sessions_count_access AFTER DELETE OR UPDATE OF user_id, expires_at, revoked_at OR TRUNCATE ON public.sessions FOR EACH STATEMENT EXECUTE FUNCTION public.count_access_change();

CREATE TRIGGER tasks_count_change AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.tasks FOR EACH STATEMENT EXECUTE FUNCTION public.count_data_change();

CREATE TRIGGER tasks_history AFTER UPDATE ON public.tasks FOR EACH ROW EXECUTE FUNCTION public.record_task_version();

CREATE TRIGGER tasks_history_of_many AFTER UPDATE ON public.tasks REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.record_task_versions();

CREATE TRIGGER tasks_past AFTER INSERT ON public.tasks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.note_past_tasks();

CREATE TRIGGER tasks_purge AFTER DELETE ON public.tasks REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.record_purged_tasks();

CREATE TRIGGER tasks_references AFTER INSERT ON public.tasks REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.check_task_references();

CREATE TRIGGER users_count_access AFTER DELETE OR UPDATE OF username, role, disabled_at OR TRUNCATE ON public.users FOR EACH STATEMENT EXECUTE FUNCTION public.count_access_change();

CREATE TRIGGER users_count_change AFTER UPDATE OF username ON public.users FOR EACH STATEMENT EXECUTE FUNCTION public.count_data_change();

CREATE TRIGGER users_join_default_project AFTER INSERT ON public.users REFERENCING NEW TABLE AS new_users FOR EACH STATEMENT EXECUTE FUNCTION public.join_default_project();

CREATE TRIGGER users_past AFTER UPDATE OF username ON public.users FOR EACH STATEMENT EXECUTE FUNCTION public.note_past_of_import();

CREATE TRIGGER users_stay BEFORE DELETE ON public.users FOR EACH ROW EXECUTE FUNCTION public.keep_referenced();

ALTER TABLE ONLY public.import_errors
    ADD CONSTRAINT import_errors_import_id_fkey FOREIGN KEY (import_id) REFERENCES public.imports(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.import_rejects
    ADD CONSTRAINT import_rejects_import_id_fkey FOREIGN KEY (import_id) REFERENCES public.imports(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.imports
    ADD CONSTRAINT imports_committed_by_fkey FOREIGN KEY (committed_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.imports
    ADD CONSTRAINT imports_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.imports
    ADD CONSTRAINT imports_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects(id);

ALTER TABLE ONLY public.imports
    ADD CONSTRAINT imports_undone_by_fkey FOREIGN KEY (undone_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.project_members
    ADD CONSTRAINT project_members_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects(id);

ALTER TABLE ONLY public.project_members
    ADD CONSTRAINT project_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);
