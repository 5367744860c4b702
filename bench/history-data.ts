import type { ProcessContext } from '../src/platform/context.ts'

/**
 * A million tasks made over 900 days, with three million superseded versions: 1,000 users and 60 projects of very different
 * size (half of all tasks are in one), words and labels from very common to rare, few tasks cancelled, none inactive at
 * their end. Written straight into the tables, as a life of the product would have left them. Where there are tasks already,
 * only warmed.
 */
export async function fillWithHistory(ctx: ProcessContext, tasks = 1_000_000): Promise<void> {
  await ctx.db.session(async (session) => {
    const { rows } = await session.query({ text: 'select from tasks limit 1' })
    for (const text of [...(rows.length > 0 ? [] : statements(tasks)), ...WARMING]) await session.query({ text })
  })
}

const DAYS = 900

/** Words and labels: the smaller the number, the more common. */
const word = `'word' || (power(random(), 4) * 19999)::int`
const label = `'label' || (power(random(), 4) * 999)::int`

const statements = (tasks: number) => [
  `set synchronous_commit = off`,
  `set work_mem = '256MB'`,
  `set maintenance_work_mem = '256MB'`,
  `set max_parallel_workers_per_gather = 0`,
  `select setseed(0.42)`,
  `insert into users (username, role, password_hash)
   select 'user' || g, case when g = 1 then 'admin' else 'user' end, '-' from generate_series(1, 1000) g`,
  `insert into projects (name) select 'Project ' || g from generate_series(2, 60) g`,
  // Each user is in General and in three more.
  `insert into project_members (project_id, user_id, role)
   select distinct 2 + (g * 7 + k * 17) % 59, g, 'contributor' from generate_series(1, 1000) g, generate_series(1, 3) k`,
  `do $$ declare
     month date := date_trunc('month', now() - interval '${DAYS + 10} days');
   begin
     while month < date_trunc('month', now()) loop
       perform create_history_partition(month);
       month := month + interval '1 month';
     end loop;
   end $$`,
  `select ensure_history_partitions(3)`,
  // A task: when it was made, how many states it had, whose it is, where it is.
  `create unlogged table bench_tasks as
   select g as id, now() - interval '${DAYS} days' * (1 - g / ${tasks}.0) as created_at, 1 + floor(random() * 7)::int as states,
          1 + (power(random(), 3) * 999)::int as owner,
          case when random() < 0.5 then 1 else 1 + (power(random(), 2) * 59)::int end as project, (random() * 1000)::int as dice,
          'Task ' || g || ' ' || ${word} || ' ' || ${word} as title,
          ${Array(8).fill(word).join(` || ' ' || `)} as description,
          array_remove(array[case when random() < 0.6 then ${label} end, case when random() < 0.3 then ${label} end,
                             case when g % 50000 = 7 then 'rare' end], null) as labels
     from generate_series(1, ${tasks}) g`,
  `create unlogged table bench_states as
   select b.*, s.version, case when s.version = 1 then b.created_at else s.at end as since,
          lead(s.at) over (partition by b.id order by s.version) as until, random() as dice2
     from bench_tasks b, lateral (
            select row_number() over (order by x)::int as version,
                   b.created_at + (now() - interval '1 minute' - b.created_at) * x as at
              from (select random() * random() + 0 * b.id as x from generate_series(1, b.states)) moments) s`,
  `create unlogged table bench_rows as
   select s.*, case when version = 1 then 'pending' when version < states then case when dice % 10 = 0 then 'inactive' else 'active' end
                    when dice % 100 = 7 then 'cancelled' when dice % 10 < 7 then 'completed' else 'active' end as status,
          (array['LOW', 'MEDIUM', 'MEDIUM', 'HIGH', 'CRITICAL'])[1 + (dice + case when dice2 < 0.1 then 1 else 0 end) % 5] as priority,
          case when dice % 20 <> 0 then 1 + (owner - 1 + case when dice2 < 0.3 then version * 37 else 0 end) % 1000 end as assignee,
          created_at::date + dice % 60 as due
     from bench_states s`,
  `alter table tasks disable trigger user`,
  `insert into task_versions (task_id, version, valid_from, valid_to, project_id, title, description, status, priority,
                              labels, due_date, assigned_user_id, created_by, created_at, updated_at, changed_by, cause,
                              labels_ended, text_ended, due_ended)
   select id, version, since, until, project, title, description, status, priority, labels, due, assignee, owner,
          created_at, since, owner, 'api', dice2 > 0.8 or last, dice2 > 0.9 or last, last
     from (select *, dice % 50 = 3 and version = states - 1 as last from bench_rows) r where until > since order by until`,
  `insert into tasks (id, project_id, title, description, status, priority, labels, due_date, assigned_user_id,
                      created_by, created_at, updated_at, deleted_at, version, valid_from, changed_by, cause)
   overriding system value
   select id, project, title, description, status, priority, labels, due, assignee, owner, created_at, since,
          case when dice % 50 = 3 then since end, version, since, owner, 'api'
     from bench_rows where until is null order by id`,
  `insert into former_words (task_id, valid_to, created_at, labels, words)
   select task_id, valid_to, created_at, case when labels_ended then labels end,
          case when text_ended then to_tsvector('simple', title || ' ' || description) end
     from task_versions where labels_ended or text_ended`,
  `alter table tasks enable trigger user`,
  `select setval(pg_get_serial_sequence('tasks', 'id'), ${tasks + 1})`,
  `drop table bench_rows, bench_states, bench_tasks`,
  `vacuum analyze tasks`,
  `vacuum analyze task_versions`,
  `vacuum analyze former_words`,
  `checkpoint`,
]

const WARMING = [
  `create extension if not exists pg_prewarm`,
  // Warm, as a server is that has run for a day: every table and index in the buffers, which are to be large enough.
  `select pg_prewarm(oid) from pg_class where relkind in ('r', 'i') and relname ~ '^(task|former_words)'`,
]
