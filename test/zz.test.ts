import { test } from 'node:test'
import { startApp } from './support/app.ts'
test('x', async (t) => {
  console.time('start'); const a = await startApp(t); console.timeEnd('start')
  console.time('p'); const p = await a.person('bob'); console.timeEnd('p')
  const doc = await a.send('GET', '/openapi.json')
  for (const [path, ops] of Object.entries(doc.body.paths)) console.log(path, Object.keys(ops as object).join(' '))
  const { rows } = await a.ctx.db.query({ text: `select lower('ADMİN') = 'admin' as dotted, lower('\u212Aa') = 'ka' as kelvin, current_setting('server_version') v, (select datcollate||datlocprovider from pg_database where datname=current_database()) c` })
  console.log(rows)
})
