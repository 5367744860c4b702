import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { PASSWORD, type Person, type Scope, startApp, type TestApp, type TestOptions } from './app.ts'
import { until } from './process.ts'
import { findChromium } from './system-program.ts'

/** The console in a real browser, over a real server that listens. */
export interface Console extends TestApp {
  base: string
  browser: Browser
  /** A browser of the test's own with nobody signed in: its cookies and its storage are shared with no other. */
  visitor(t: Scope): Promise<Visitor>
  /** The same, signed in through the form and on that page of the console. */
  signedIn(t: Scope, person: Person, at?: string): Promise<Visitor>
  /** Past the browser, as that person. @returns the task */
  makeTask(as: Person, title: string, more?: object): Promise<TestTask>
  readTask(as: Person, id: number): Promise<TestTask>
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
type TestTask = any

interface Visitor {
  context: BrowserContext
  page: Page
  /** Another tab of the same browser. */
  tab(at: string): Promise<Page>
  /** Answers with this status are part of the test; any other error that the browser reports fails it. */
  expects(status: number): void
}

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const WIDE = { width: 1280, height: 800 }
const SCREENSHOTS = path.resolve(import.meta.dirname, '../../.reports/console')

export async function startConsole(t: Scope, options: TestOptions = {}): Promise<Console> {
  const app = await startApp(t, options)
  const base = await app.app.http.listen({ host: '127.0.0.1', port: 0 })
  const browser = await launchBrowser()
  t.after(() => browser.close())
  const visitor: Console['visitor'] = (t) => openVisitor(browser, base, t)
  const signedIn: Console['signedIn'] = async (t, person, at = '/console/tasks') => {
    const someone = await visitor(t)
    await signIn(someone.page, person, base + at)
    return someone
  }
  const makeTask: Console['makeTask'] = async (as, title, more = {}) =>
    (await app.send('POST', '/api/v1/tasks', { as, body: { title, ...more } })).body
  const readTask: Console['readTask'] = async (as, id) => (await app.send('GET', `/api/v1/tasks/${id}`, { as })).body
  return { ...app, base, browser, visitor, signedIn, makeTask, readTask }
}

export function launchBrowser(args: string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), args: [...FLAGS, ...args] })
}

export async function signIn(page: Page, { username }: { username: string }, url: string, password = PASSWORD) {
  await page.goto(url)
  await page.getByLabel('Username').fill(username)
  await page.getByRole('textbox', { name: 'Password' }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Pages' }).waitFor({ state: 'attached' })
}

async function openVisitor(browser: Browser, base: string, t: Scope): Promise<Visitor> {
  const context = await browser.newContext({
    viewport: WIDE,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
    baseURL: base,
  })
  const expected = new Set<number>()
  const reported: string[] = []
  context.on('page', (page) => recordErrors(page, expected, reported))
  t.after(async () => {
    await context.close()
    assert.deepEqual(reported, [], 'errors that the browser reported')
  })
  const tab = async (at: string) => {
    const page = await context.newPage()
    await page.goto(at)
    return page
  }
  return { context, page: await context.newPage(), tab, expects: (status) => void expected.add(status) }
}

/** Waits until the table holds just these tasks, in this order. */
export async function showsTasks(page: Page, expected: string[]): Promise<void> {
  let found: string[] = []
  await until(
    async () => {
      found = await page.getByRole('row').getByRole('link').allTextContents()
      return isDeepStrictEqual(found, expected)
    },
    20_000,
    () => `${expected.join(', ')}; there is ${found.join(', ')}`,
  )
}

/** A violation of the content security policy is reported on the browser's console as well. */
function recordErrors(page: Page, expected: Set<number>, reported: string[]): void {
  page.setDefaultTimeout(20_000)
  page.on('pageerror', (error) => reported.push(`uncaught: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return
    const status = /^Failed to load resource: .* status of (\d+)/.exec(message.text())?.[1]
    if (!expected.has(Number(status))) reported.push(`${message.type()}: ${message.text()} (${message.location().url})`)
  })
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const VIEWS = {
  light: { colorScheme: 'light', viewport: WIDE },
  dark: { colorScheme: 'dark', viewport: WIDE },
  narrow: { colorScheme: 'light', viewport: { width: 360, height: 740 } },
} as const

/**
 * What holds on every page: no violation of WCAG 2.2 A and AA that axe finds, and nothing wider than the window, in light,
 * dark and at 360 pixels. Keeps a picture of each in .reports/console.
 */
export async function inspect(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true })
  for (const [view, { colorScheme, viewport }] of Object.entries(VIEWS)) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize(viewport)
    await page.waitForTimeout(100) // for what follows the size a frame later
    await page.screenshot({ path: path.join(SCREENSHOTS, `${name}-${view}.png`) })
    assert.deepEqual(await findViolations(page), [], `${name}, ${view}`)
    const width = await page.evaluate<number>('document.documentElement.scrollWidth')
    assert.ok(width <= viewport.width, `${name}, ${view}: ${width} pixels wide`)
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  await page.setViewportSize(WIDE)
}

/** The code of the page is a text here, as the types of this project are those of Node. */
async function findViolations(page: Page): Promise<string[]> {
  // Not as a script of the page, which its policy would refuse.
  await page.evaluate(`${AXE}; void 0`)
  const runOnly = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
  const violations = await page.evaluate<Violation[]>(
    `axe.run(document, ${JSON.stringify({ runOnly })}).then((result) => result.violations)`,
  )
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary.slice(0, 300)}`),
  )
}

interface Violation {
  id: string
  nodes: { html: string; failureSummary: string }[]
}
