import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import openapiTS, { astToString } from 'openapi-typescript'
import { createApp } from '../src/app.ts'
import { loadConfig } from '../src/platform/config.ts'
import { closeContext, createContext } from '../src/platform/context.ts'
import { createLogger } from '../src/platform/logger.ts'

const FILE = path.resolve(import.meta.dirname, '../web/src/api/schema.d.ts')

/** Writes the types of the API as the console sees them, out of the OpenAPI document that this code serves. */
export async function writeApiTypes(): Promise<void> {
  const document = (await readOpenApi()) as unknown as Parameters<typeof openapiTS>[0]
  const text = `// Made by \`npm run check -- types\` from the OpenAPI document.\n${astToString(await openapiTS(document))}`
  // Untouched when nothing has changed, so that editors and watchers stay calm.
  if ((await readFile(FILE, 'utf8').catch(() => '')) !== text) await writeFile(FILE, text)
}

/** No database is needed: nothing is contacted before the first request. */
async function readOpenApi() {
  const databaseUrl = 'postgres://nobody@127.0.0.1:1/nothing'
  const config = loadConfig({ NODE_ENV: 'test', DATABASE_URL: databaseUrl, JWT_SECRET_KEY: 'x'.repeat(48) })
  const ctx = createContext(config, { databaseUrl, role: 'document', log: createLogger('silent') })
  const app = await createApp(ctx)
  try {
    return app.http.swagger()
  } finally {
    await app.http.close()
    await closeContext(ctx)
  }
}
