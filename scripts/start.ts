import path from 'node:path'
import { buildConsole } from './build-console.ts'

/** `npm start`: the console is built when its sources are new, then the command of src/main.ts runs. */
await buildConsole().catch((error) => console.error(`${error.message} The API starts without it.`))
process.argv[1] = path.resolve(import.meta.dirname, '../src/main.ts')
await import('../src/main.ts')
