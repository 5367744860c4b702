import pg from 'pg'
import type { Queryable } from './db.ts'

/** What the queue was last set up as; it stands as a comment on its schema. */
export async function findQueueSetup(db: Queryable): Promise<string | undefined> {
  const { rows } = await db.query<{ setup: string | null }>({
    text: `select obj_description(to_regnamespace('pgboss'), 'pg_namespace') as setup`,
  })
  return rows[0]?.setup ?? undefined
}

export async function noteQueueSetup(db: Queryable, setup: string): Promise<void> {
  await db.query({ text: `comment on schema pgboss is ${pg.escapeLiteral(setup)}` })
}
