import { loadConfig } from '../platform/config.ts'
import { closeContext, createContext } from '../platform/context.ts'
import { migrateAll } from './prepare.ts'
import { openDatabase } from './runtime.ts'

/** Brings the database to what this version needs, and says what it did. */
export async function migrateCommand(): Promise<void> {
  const config = loadConfig()
  const database = await openDatabase(config, true)
  const ctx = createContext({ ...config, logLevel: 'warn' }, { databaseUrl: database.url, role: 'migrate' })
  try {
    const applied = await migrateAll(ctx, database.url)
    console.log(applied.length > 0 ? `Applied ${applied.join(', ')}.` : 'The database is up to date.')
  } finally {
    await closeContext(ctx)
    await database.stop()
  }
}
