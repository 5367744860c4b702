import type { Queryable } from '../platform/db.ts'

/** After many rows at once the planner's picture of the table is of before, and a list may be read the slow way. */
export async function refreshStatistics(db: Queryable): Promise<void> {
  await db.query({ text: 'analyze tasks' })
}
