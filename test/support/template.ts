import pg from 'pg'
import { jobs } from '../../src/jobs.ts'
import { Database } from '../../src/platform/db.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { migrate } from '../../src/platform/migrate.ts'
import { migrateQueue } from '../../src/platform/queue.ts'

export const TEMPLATE = 'tasklog_template'

/** A migrated database that each test file clones: about 60 ms, where migrating takes a second. */
export async function buildTemplate(adminUrl: string): Promise<void> {
  await runSql(adminUrl, `drop database if exists ${TEMPLATE}`)
  await runSql(adminUrl, `create database ${TEMPLATE}`)
  await migrateFresh(databaseUrl(adminUrl, TEMPLATE))
}

/** Everything the application needs, in an empty database. */
export async function migrateFresh(url: string): Promise<void> {
  const log = createLogger('silent')
  const db = new Database({ url, poolSize: 2, statementTimeoutMs: 60_000, applicationName: 'template', log })
  await migrate(db)
  await migrateQueue(db, url, jobs)
  await db.query({ text: 'select ensure_history_partitions(3)' })
  await db.close()
}

export function databaseUrl(adminUrl: string, name: string): string {
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  return url.href
}

export async function runSql(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}
