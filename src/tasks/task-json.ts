/**
 * How a task looks to clients, built by the database as JSON text and passed on without being parsed. The one list of
 * fields that leave the product, for every surface; the shape is `Task` in schemas.ts.
 */

/** An instant as RFC 3339 in UTC, with milliseconds. */
export const instantSql = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** Needs the row as `t` and TASK_PEOPLE's joins. */
export const TASK_FIELDS = `
  'id', t.id, 'project_id', t.project_id, 'title', t.title, 'description', t.description, 'status', t.status,
  'priority', t.priority, 'labels', to_json(t.labels), 'due_date', t.due_date, 'assigned_user', assignee.username,
  'created_by', creator.username, 'external_id', t.external_id, 'import_id', t.import_id,
  'created_at', ${instantSql('t.created_at')}, 'updated_at', ${instantSql('t.updated_at')}, 'version', t.version`

export const TASK_JSON = `json_build_object(${TASK_FIELDS})::text`

export const TASK_PEOPLE = `
  left join users assignee on assignee.id = t.assigned_user_id
  left join users creator on creator.id = t.created_by`
