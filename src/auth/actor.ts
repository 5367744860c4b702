import type { LimitName } from '../platform/rate-limit.ts'
import type { Role } from './queries.ts'

/** Who makes a request, as the database knew them when it arrived. */
export interface Actor {
  id: number
  username: string
  role: Role
  sessionId: string
}

/** Who may call a route at all. Every route declares one; a route without it does not start. */
type Access = 'public' | 'user' | 'admin'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
    /** A limit of its own, counted before the body is read. */
    limit?: LimitName
    /** Decides who may see what; a replica is read by nobody until it knows. */
    changesAccess?: boolean
    /** Answers with a file, also to who has a ticket for it in place of an access token. */
    download?: boolean
    /** Takes large bodies and reads them itself. */
    upload?: boolean
  }
  interface FastifyRequest {
    actor: Actor
    /** Who it is by now, for an answer that takes long. @throws AppError INVALID_TOKEN (401) when their session has ended */
    readActor: () => Promise<Actor>
  }
}
