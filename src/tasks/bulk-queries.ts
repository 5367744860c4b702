import type { Queryable } from '../platform/db.ts'

/**
 * Creates the tasks a SELECT yields, as one set. Their history begins at their created_at.
 *
 * @param source a SELECT of project_id, title, description, status, priority, assigned_user_id, created_by, import_id,
 *   created_at; the caller has checked every value
 * @returns the number of tasks created
 */
export async function insertImportedTasks(tx: Queryable, source: string, values: unknown[]): Promise<number> {
  const { rowCount } = await tx.query({
    text: `insert into tasks (project_id, title, description, status, priority, assigned_user_id, created_by, import_id,
                              created_at, updated_at, valid_from, changed_by, cause)
           select project_id, title, description, status, priority, assigned_user_id, created_by, import_id,
                  created_at, clock_timestamp(), created_at, created_by, 'import'
             from (${source}) imported`,
    values,
  })
  return rowCount ?? 0
}

/** After many rows at once the planner's picture of the table is of before, and a list may be read the slow way. */
export async function refreshStatistics(db: Queryable): Promise<void> {
  await db.query({ text: 'analyze tasks' })
}
