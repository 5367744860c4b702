import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { keyed } from '../idempotency/index.ts'
import type { Context } from '../platform/context.ts'
import { afterId, idPage } from '../platform/cursor.ts'
import { MOST_SUGGESTIONS, problems, Suggestions } from '../platform/schemas.ts'
import { listAssignees, listProjects, type MemberRow, type ProjectRow } from './queries.ts'
import * as schemas from './schemas.ts'
import * as service from './service.ts'

const NoContent = Type.Null({ description: 'Done' })

/** `/api/v1/projects`: projects and who is in them. */
export const projectRoutes: FastifyPluginAsyncTypebox<{ ctx: Context }> = async (app, { ctx }) => {
  const tags = ['projects']
  const config = { access: 'user' } as const

  app.get('/projects', {
    config,
    schema: {
      tags,
      summary: 'The projects you can see, by id',
      querystring: schemas.ProjectListQuery,
      response: { 200: schemas.ProjectPage, ...problems(401) },
    },
    handler: async ({ actor, query: { limit = 20, cursor, archived = false } }) => {
      const rows = await listProjects(ctx.db, actor, { afterId: afterId(cursor), limit: limit + 1, archived })
      return idPage(rows, limit, (row) => row.id, publicProject)
    },
  })

  app.post('/projects', {
    config,
    schema: {
      tags,
      summary: 'Create a project; you become its maintainer',
      body: schemas.CreateProjectBody,
      response: { 201: schemas.Project, ...problems(401, 409) },
    },
    handler: (request, reply) =>
      keyed(ctx, request, reply, async (ctx) => {
        const project = await service.createProject(ctx, request.actor, request.body.name)
        const location = `/api/v1/projects/${project.id}`
        return { status: 201, headers: { location }, body: publicProject(project) }
      }),
  })

  app.get('/projects/:id', {
    config,
    schema: {
      tags,
      summary: 'One project',
      params: schemas.ProjectParams,
      response: { 200: schemas.Project, ...problems(401, 404) },
    },
    handler: async ({ actor, params }) => publicProject(await service.getProject(ctx, actor, params.id)),
  })

  app.patch('/projects/:id', {
    config: { ...config, changesAccess: true },
    schema: {
      tags,
      summary: 'Rename, archive or bring back',
      params: schemas.ProjectParams,
      body: schemas.ChangeProjectBody,
      response: { 200: schemas.Project, ...problems(401, 403, 404, 409) },
    },
    handler: async ({ actor, params, body }) => publicProject(await service.changeProject(ctx, actor, params.id, body)),
  })

  app.get('/projects/:id/members', {
    config,
    schema: {
      tags,
      summary: 'Members, by user id',
      params: schemas.ProjectParams,
      querystring: schemas.MemberListQuery,
      response: { 200: schemas.MemberPage, ...problems(401, 404) },
    },
    handler: async ({ actor, params, query: { limit = 20, cursor } }) => {
      const rows = await service.listMembers(ctx, actor, params.id, { afterId: afterId(cursor), limit: limit + 1 })
      return idPage(rows, limit, (row) => row.user_id, publicMember)
    },
  })

  app.get('/assignees', {
    config,
    schema: {
      tags,
      summary:
        'Usernames of those who can be given tasks: members of the projects you can see, and administrators you share one with',
      querystring: schemas.AssigneeQuery,
      response: { 200: Suggestions, ...problems(401) },
    },
    handler: async ({ actor, query: { q = '', project_id } }) => ({
      items: await listAssignees(ctx.db, actor, { beginning: q, projectId: project_id, limit: MOST_SUGGESTIONS }),
    }),
  })

  app.post('/projects/:id/members', {
    config: { ...config, changesAccess: true },
    schema: {
      tags,
      summary: 'Add a member',
      params: schemas.ProjectParams,
      body: schemas.AddMemberBody,
      response: { 201: schemas.Member, ...problems(401, 403, 404, 409) },
    },
    handler: (request, reply) =>
      keyed(ctx, request, reply, async (ctx) => {
        const { actor, params, body } = request
        const member = await service.addMember(ctx, actor, params.id, body.username, body.role)
        const location = `/api/v1/projects/${params.id}/members/${member.user_id}`
        return { status: 201, headers: { location }, body: publicMember(member) }
      }),
  })

  app.patch('/projects/:id/members/:user_id', {
    config: { ...config, changesAccess: true },
    schema: {
      tags,
      summary: "Change a member's role",
      params: schemas.MemberParams,
      body: schemas.ChangeMemberBody,
      response: { 200: schemas.Member, ...problems(401, 403, 404) },
    },
    handler: async ({ actor, params, body }) =>
      publicMember(await service.changeMember(ctx, actor, params.id, params.user_id, body.role)),
  })

  app.delete('/projects/:id/members/:user_id', {
    config: { ...config, changesAccess: true },
    schema: {
      tags,
      summary: 'Remove a member; their tasks stay',
      params: schemas.MemberParams,
      response: { 204: NoContent, ...problems(401, 403, 404) },
    },
    handler: async ({ actor, params }, reply) => {
      await service.removeMember(ctx, actor, params.id, params.user_id)
      return reply.code(204).send(null)
    },
  })
}

function publicProject({ id, name, role, is_default, archived_at, created_at }: ProjectRow) {
  return { id, name, role, is_default, archived: archived_at !== null, created_at: created_at.toISOString() }
}

function publicMember(row: MemberRow) {
  return { ...row, added_at: row.added_at.toISOString() }
}
