import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { buildConsole } from '../scripts/build-console.ts'
import { type App, createApp } from '../src/app.ts'
import type { ProcessContext } from '../src/platform/context.ts'
import { launchBrowser, signIn } from '../test/support/browser.ts'
import { median } from './statistics.ts'
import { argument, withDatabase } from './support.ts'

/**
 * How long until the list and the overview of a million tasks can be used, and does scrolling through 100,000 of them stay
 * smooth? Keeps the trace of the last scrolling in .reports/console-scroll.json, for the Performance panel of Chromium.
 * `--part=list`, `overview` or `scroll` is only that one, `--part=none` only fills the folder of `--keep`.
 */
const TASKS = 1_000_000
const NAVIGATIONS = 9
/** As fast as a hand can, and far beyond: 80 rows a frame, so that each frame has other rows. */
const SCROLLS = [
  { pixels: 300, rows: 10_000 },
  { pixels: 3_000, rows: 100_000 },
]
/** No samples of what runs: they take a third of the time that they tell of. */
const TRACED = ['-*', 'toplevel', 'v8', 'devtools.timeline', 'disabled-by-default-devtools.timeline.frame']
const PASSWORD = 'for benchmarks only'
const TRACE = path.resolve(import.meta.dirname, '../.reports/console-scroll.json')

const FILL = `
  insert into tasks (project_id, title, description, status, priority, labels, due_date, assigned_user_id, created_by,
                     created_at, updated_at, valid_from, changed_by)
  select 1, 'Task ' || g || ' ' || md5(g::text), repeat('Some words. ', 1 + g % 20),
         (array['pending', 'active', 'inactive', 'completed', 'cancelled'])[1 + g % 5],
         (array['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'])[1 + g % 4], array['label' || g % 100], current_date + g % 90,
         case when g % 3 > 0 then 1 end, 1, at, at, at, 1
    from (select g, now() - interval '900 days' * (1 - g / ${TASKS}.0) as at from generate_series(1, ${TASKS}) g) rows`

const part = argument('--part=')
if (part && !['list', 'overview', 'scroll', 'none'].includes(part)) throw new Error(`There is no part ${part}.`)

await buildConsole()
await withDatabase({ RATE_LIMIT_USER: '1000000/60' }, measure, { shared_buffers: '1GB' })

async function measure(ctx: ProcessContext): Promise<void> {
  const app = await createApp(ctx)
  await fill(ctx, app.auth)
  if (part === 'none') return
  const base = await app.http.listen({ host: '127.0.0.1', port: 0 })
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, baseURL: base })
    await signIn(page, { username: 'reader' }, `${base}/console/account`, PASSWORD)
    if (isWanted('list')) await list(page)
    if (isWanted('overview')) await overview(ctx, page)
    if (isWanted('scroll')) for (const speed of SCROLLS) await smoothness(browser, page, speed)
  } finally {
    await browser.close()
    await app.http.close()
  }
}

function isWanted(one: string): boolean {
  return part === undefined || part === one
}

/** Unless an earlier run has done so. */
async function fill(ctx: ProcessContext, auth: App['auth']): Promise<void> {
  const { rows } = await ctx.db.query({ text: 'select from users limit 1' })
  if (rows.length > 0) return
  await auth.createUser({ username: 'reader', password: PASSWORD }, 'admin')
  await ctx.db.session(async (session) => {
    const statements = ['alter table tasks disable trigger user', FILL, 'alter table tasks enable trigger user']
    for (const text of [...statements, 'vacuum analyze tasks']) await session.query({ text })
  })
}

async function list(page: Page): Promise<void> {
  const times: number[] = []
  for (let n = 0; n < NAVIGATIONS; n++) times.push(await navigate(page))
  const [first = 0, ...others] = times
  console.log(`list of ${TASKS.toLocaleString('en')} tasks, from the click until its rows are painted:`)
  console.log(
    `  first ${first.toFixed(0)} ms; then median ${median(others).toFixed(0)} ms, worst ${Math.max(...others).toFixed(0)} ms`,
  )
}

async function smoothness(browser: Browser, page: Page, { pixels, rows: most }: (typeof SCROLLS)[number]) {
  await page.goto('/console/tasks')
  await page.getByRole('row').nth(2).waitFor()
  await browser.startTracing(page, { path: TRACE, categories: TRACED })
  const { rows, seconds, frames, worst, long } = await scroll(page, pixels, most)
  await browser.stopTracing()
  const speed = `${pixels.toLocaleString('en')} pixels a frame`
  console.log(`${rows.toLocaleString('en')} rows at ${speed}, in ${seconds.toFixed(0)} s, ${frames} frames:`)
  console.log(
    `  longest ${worst.toFixed(0)} ms; over 50 ms: ${long.length}, of which the median is ${median(long).toFixed(0)} ms`,
  )
}

/**
 * From the click until its numbers are there, and until its charts are: after the past has changed, so that nothing is kept,
 * and after a task has, so that what is over is; in turns.
 */
async function overview(ctx: ProcessContext, page: Page): Promise<void> {
  const changed = `update tasks set title = 'Changed ' || clock_timestamp(), version = version + 1, valid_from = clock_timestamp() where id = 1`
  const before = { 'nothing kept': ['update past_epoch set epoch = epoch + 1', changed], 'a task changed': [changed] }
  const times = new Map<string, [number, number][]>(Object.keys(before).map((what) => [what, []]))
  for (let n = 0; n < NAVIGATIONS; n++) {
    for (const [what, statements] of Object.entries(before)) {
      await page.goto('/console/trash')
      await page.getByText('The trash is empty').waitFor()
      for (const text of statements) await ctx.db.query({ text })
      times.get(what)?.push(await openOverview(page))
    }
  }
  for (const [what, of] of times) {
    const [numbers, charts] = [of.map(([first]) => first), of.map(([, last]) => last)]
    console.log(`overview, ${what}:`)
    console.log(`  numbers after median ${median(numbers).toFixed(0)} ms, worst ${Math.max(...numbers).toFixed(0)} ms`)
    console.log(`  charts after median ${median(charts).toFixed(0)} ms, worst ${Math.max(...charts).toFixed(0)} ms`)
  }
}

/** @returns milliseconds until the numbers are there, and until both charts are */
function openOverview(page: Page): Promise<[number, number]> {
  return page.evaluate<[number, number]>(`new Promise((resolve) => {
    const begun = performance.now()
    let numbers
    const look = () => {
      if (!numbers && document.querySelector('a[aria-label^="Overdue: "]')) numbers = performance.now() - begun
      if (!numbers || document.querySelectorAll('main details').length < 2) requestAnimationFrame(look)
      else resolve([numbers, performance.now() - begun])
    }
    document.querySelector('nav a[href$="/overview"]').click()
    look()
  })`)
}

/** From another page that was just loaded, so that nothing of the list is kept. @returns milliseconds until the frame with its first rows is done */
async function navigate(page: Page): Promise<number> {
  await page.goto('/console/trash')
  await page.getByText('The trash is empty').waitFor()
  return page.evaluate<number>(`new Promise((resolve) => {
    const begun = performance.now()
    const look = () => document.querySelector('[role="row"][aria-rowindex="3"]')
      ? requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begun)))
      : requestAnimationFrame(look)
    document.querySelector('nav a[href$="/tasks"]').click()
    look()
  })`)
}

interface Scrolled {
  rows: number
  seconds: number
  frames: number
  worst: number
  /** Milliseconds of each frame over 50, by the browser's own account (Long Animation Frames API). */
  long: number[]
}

function scroll(page: Page, pixels: number, rows: number): Promise<Scrolled> {
  return page.evaluate<Scrolled>(`new Promise((resolve) => {
    const box = document.querySelector('section[aria-label="Tasks"]')
    box.scrollTop = 0
    const begun = performance.now()
    const long = []
    new PerformanceObserver((list) => long.push(...list.getEntries().map((entry) => entry.duration)))
      .observe({ type: 'long-animation-frame' })
    let frames = 0, worst = 0, last = begun
    const step = (now) => {
      if (frames++ > 0) worst = Math.max(worst, now - last)
      last = now
      box.scrollTop += ${pixels}
      const row = Number([...box.querySelectorAll('[role="row"]')].at(-1).getAttribute('aria-rowindex'))
      if (row < ${rows} && now - begun < 40_000) return requestAnimationFrame(step)
      setTimeout(() => resolve({ rows: row, seconds: (now - begun) / 1_000, frames, worst, long }), 200)
    }
    requestAnimationFrame(step)
  })`)
}
