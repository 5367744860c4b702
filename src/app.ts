import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify'
import { AuthService, authRoutes, guardRoutes, userRoutes } from './auth/index.ts'
import { Job, jobRoutes } from './background/index.ts'
import { classicRoutes, uploadRoute } from './classic/index.ts'
import { consoleRoutes } from './console/index.ts'
import { exportRoutes } from './exports/index.ts'
import { historyRoutes, TaskVersion } from './history/index.ts'
import { documentKeys } from './idempotency/index.ts'
import { Import, ImportError, importChangeRoutes, importRoutes, previewRoutes, uploadRoutes } from './imports/index.ts'
import { overviewRoutes } from './overview/index.ts'
import type { ProcessContext } from './platform/context.ts'
import { createHttpServer } from './platform/http.ts'
import { operationRoutes } from './platform/operations.ts'
import { problems } from './platform/schemas.ts'
import { projectRoutes, readScope } from './projects/index.ts'
import { bulkRoutes, countRoutes, revertRoutes, Task, taskRoutes, trashRoutes } from './tasks/index.ts'

export interface App {
  http: FastifyInstance
  auth: AuthService
}

/** The HTTP application: every feature's routes, one line each. It listens nowhere yet. */
export async function createApp(ctx: ProcessContext): Promise<App> {
  const http = createHttpServer(ctx)
  const auth = new AuthService(ctx)
  const v1 = { prefix: '/api/v1' }

  guardRoutes(http, ctx, auth.tokens, readScope('u'))
  for (const schema of [Task, TaskVersion, Import, ImportError, Job]) http.addSchema(schema)
  await registerDocs(http)
  await http.register(operationRoutes, { ctx })
  await http.register(authRoutes, { ctx, auth, ...v1 })
  await http.register(userRoutes, { ctx, auth, ...v1 })
  await http.register(projectRoutes, { ctx, ...v1 })
  await http.register(taskRoutes, { ctx, ...v1 })
  await http.register(countRoutes, { ctx, ...v1 })
  await http.register(revertRoutes, { ctx, ...v1 })
  await http.register(historyRoutes, { ctx, ...v1 })
  await http.register(bulkRoutes, { ctx, ...v1 })
  await http.register(trashRoutes, { ctx, ...v1 })
  await http.register(exportRoutes, { ctx, ...v1 })
  await http.register(overviewRoutes, { ctx, ...v1 })
  await http.register(importRoutes, { ctx, ...v1 })
  await http.register(importChangeRoutes, { ctx, ...v1 })
  await http.register(previewRoutes, { ctx, ...v1 })
  await http.register(uploadRoutes, { ctx, ...v1 })
  await http.register(consoleRoutes, {})
  await http.register(jobRoutes, { ctx, ...v1 })
  await http.register(classicRoutes, { ctx, auth })
  await http.register(uploadRoute, { ctx })
  await http.ready()
  return { http, auth }
}

async function registerDocs(http: FastifyInstance): Promise<void> {
  await http.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Tasklog', version: '1.0.0', description: 'A task back end that remembers.' },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          downloadTicket: {
            type: 'apiKey',
            in: 'cookie',
            name: 'tasklog_download',
            description: 'Set by `POST /api/v1/auth/downloads`, for one address; for browsers',
          },
        },
      },
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `def-${i}`) },
    transform: ({ schema, url, route }) => ({ url, schema: documented(schema, route) }),
  })
  await http.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'public' }
    })
    scope.get('/openapi.json', { schema: { hide: true } }, async () => http.swagger())
    await scope.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: true,
      theme: { title: 'Tasklog API' },
      // Nothing but the operations, and nothing asked of anybody elsewhere.
      uiConfig: { layout: 'BaseLayout', validatorUrl: null },
    })
  })
}

/** What every route of its kind has, said once. */
function documented(schema: FastifySchema, { method, config }: RouteOptions): FastifySchema {
  const ways: Record<string, string[]>[] = [{ bearer: [] }, ...(config?.download ? [{ downloadTicket: [] }] : [])]
  const security = config?.access === 'public' ? {} : { security: ways }
  const response = schema.body ? { ...problems(413, 415), ...(schema.response as object) } : schema.response
  const all = { ...schema, ...security, ...(response ? { response } : {}) }
  return method === 'POST' || config?.upload ? documentKeys(all) : all
}
