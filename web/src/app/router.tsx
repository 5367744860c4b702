import { createRootRoute, createRoute, createRouter, Outlet, redirect } from '@tanstack/react-router'
import { session } from '../auth/session.ts'
import { readTaskSearch } from '../tasks/search.ts'
import { PageError, PageMissing, WholePageError } from './page-error.tsx'
import { page } from './page-files.ts'
import { PageLoading } from './page-loading.tsx'
import { BASE_PATH, only, parseSearch, stringifySearch } from './search-params.ts'
import { Shell } from './shell.tsx'

/** Every page of the console, one line each; the folder of a page is loaded when it is opened. */
const root = createRootRoute({ component: Outlet, notFoundComponent: PageMissing })

/** The forms are for who is not signed in: the back button leads past them. */
const onlySignedOut = () => {
  if (session.user) throw redirect({ to: '/tasks', replace: true })
}

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { next?: string } =>
    typeof search.next === 'string' ? { next: search.next } : {},
  beforeLoad: onlySignedOut,
  errorComponent: WholePageError,
  component: page(() => import('../auth/sign-in-page.tsx'), 'SignInPage'),
})
const register = createRoute({
  getParentRoute: () => root,
  path: '/register',
  beforeLoad: onlySignedOut,
  errorComponent: WholePageError,
  component: page(() => import('../auth/register-page.tsx'), 'RegisterPage'),
})

const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  beforeLoad: async ({ location }) => {
    if (!(await session.restore())) throw redirect({ to: '/sign-in', search: { next: location.href }, replace: true })
  },
  component: Shell,
  errorComponent: WholePageError,
})
const home = createRoute({
  getParentRoute: () => shell,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/tasks', replace: true })
  },
})
const tasks = createRoute({
  getParentRoute: () => shell,
  path: '/tasks',
  validateSearch: readTaskSearch,
  component: page(() => import('../tasks/tasks-page.tsx'), 'TasksPage'),
})
const board = createRoute({
  getParentRoute: () => shell,
  path: '/board',
  validateSearch: readTaskSearch,
  component: page(() => import('../tasks/board-page.tsx'), 'BoardPage'),
})
const trash = createRoute({
  getParentRoute: () => shell,
  path: '/trash',
  component: page(() => import('../trash/trash-page.tsx'), 'TrashPage'),
})
const overview = createRoute({
  getParentRoute: () => shell,
  path: '/overview',
  validateSearch: only('project_id'),
  component: page(() => import('../overview/overview-page.tsx'), 'OverviewPage'),
})
const imports = createRoute({
  getParentRoute: () => shell,
  path: '/imports',
  validateSearch: only('id'),
  component: page(() => import('../imports/imports-page.tsx'), 'ImportsPage'),
})
const projects = createRoute({
  getParentRoute: () => shell,
  path: '/projects',
  component: page(() => import('../projects/projects-page.tsx'), 'ProjectsPage'),
})
const administration = createRoute({
  getParentRoute: () => shell,
  path: '/administration',
  validateSearch: only('tab'),
  component: page(() => import('../administration/administration-page.tsx'), 'AdministrationPage'),
})
const account = createRoute({
  getParentRoute: () => shell,
  path: '/account',
  component: page(() => import('../account/account-page.tsx'), 'AccountPage'),
})

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    register,
    shell.addChildren([home, tasks, board, trash, overview, imports, projects, administration, account]),
  ]),
  basepath: BASE_PATH,
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultPendingComponent: PageLoading,
  defaultErrorComponent: PageError,
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
