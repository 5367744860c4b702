/**
 * Who may do what: the expected status of every operation of /openapi.json for everybody who may ask. The test that reads
 * this fails for an operation without a row and for a row without an operation, so a new route needs a decision here.
 */
export interface Expected {
  /** No token, or one that is no good: expired, of a disabled user, of an ended session, a refresh token. */
  nobody: number
  /** Signed in, and not a member of the project. */
  outsider: number
  viewer: number
  /** A contributor who neither made the task nor is assigned to it. */
  contributor: number
  /** The contributor whose task it is. */
  owner: number
  maintainer: number
  /** An administrator of the installation, not a member of the project. */
  admin: number
}

const members = (status: number) => ({
  viewer: status,
  contributor: status,
  owner: status,
  maintainer: status,
  admin: status,
})

/** Public operations do not look at a token at all. */
const everybody = (status: number): Expected => ({ nobody: status, outsider: status, ...members(status) })
const signedIn = (status: number): Expected => ({ ...everybody(status), nobody: 401 })
const adminOnly = (status: number): Expected => ({ ...signedIn(403), admin: status })

/** A thing of a project: hidden from outsiders, readable for every member. */
const readable: Expected = { nobody: 401, outsider: 404, ...members(200) }
const creatable = (status: number): Expected => ({ ...readable, ...members(status), viewer: 403 })
const changeable = (status: number): Expected => ({ ...creatable(status), contributor: 403 })
const manageable = (status: number): Expected => ({ ...changeable(status), owner: 403 })
/** Hidden from everybody but those who manage the project. */
const maintained = (status: number): Expected => ({
  ...signedIn(404),
  maintainer: status,
  admin: status,
})

export const EXPECTATIONS: Record<string, Expected> = {
  'POST /api/v1/auth/register': everybody(201),
  'POST /api/v1/auth/login': everybody(200),
  'POST /api/v1/auth/refresh': everybody(200),
  'POST /api/v1/auth/logout': signedIn(204),
  'POST /api/v1/auth/password': signedIn(204),
  'POST /api/v1/auth/downloads': signedIn(204),
  'GET /api/v1/auth/sessions': signedIn(200),
  'DELETE /api/v1/auth/sessions/{id}': signedIn(204),

  'GET /api/v1/users/me': signedIn(200),
  'GET /api/v1/users': adminOnly(200),
  'POST /api/v1/users': adminOnly(201),
  'GET /api/v1/users/{id}': adminOnly(200),
  'PATCH /api/v1/users/{id}': adminOnly(200),
  'POST /api/v1/users/{id}/disable': adminOnly(200),
  'POST /api/v1/users/{id}/enable': adminOnly(200),

  'GET /api/v1/projects': signedIn(200),
  'POST /api/v1/projects': signedIn(201),
  'GET /api/v1/projects/{id}': readable,
  'PATCH /api/v1/projects/{id}': manageable(200),
  'GET /api/v1/projects/{id}/members': readable,
  'POST /api/v1/projects/{id}/members': manageable(201),
  'PATCH /api/v1/projects/{id}/members/{user_id}': manageable(200),
  'DELETE /api/v1/projects/{id}/members/{user_id}': manageable(204),

  'GET /api/v1/tasks': signedIn(200),
  'GET /api/v1/tasks/count': signedIn(200),
  'GET /api/v1/labels': signedIn(200),
  'GET /api/v1/assignees': signedIn(200),
  'GET /api/v1/tasks.csv': signedIn(200),
  'GET /api/v1/tasks.ndjson': signedIn(200),
  'GET /api/v1/tasks.xlsx': signedIn(200),
  'POST /api/v1/tasks': creatable(201),
  'GET /api/v1/tasks/{id}': readable,
  'PATCH /api/v1/tasks/{id}': changeable(200),
  'DELETE /api/v1/tasks/{id}': changeable(204),
  // Each task is refused by itself, in the answer: test/tasks/bulk.test.ts, bulk-undo.test.ts.
  'PATCH /api/v1/tasks': signedIn(200),
  'DELETE /api/v1/tasks': signedIn(200),
  'POST /api/v1/tasks/undo': signedIn(200),
  'GET /api/v1/trash': signedIn(200),
  'POST /api/v1/tasks/{id}/restore': changeable(200),
  'POST /api/v1/trash/restore': readable,

  'GET /api/v1/tasks/{id}/history': readable,
  'POST /api/v1/tasks/{id}/revert': changeable(200),
  'GET /api/v1/task-log': signedIn(200),

  'GET /api/v1/imports': signedIn(200),
  'POST /api/v1/imports': manageable(202),
  'PUT /api/v1/imports': manageable(202),
  'POST /api/v1/imports/preview': manageable(200),
  'GET /api/v1/imports/{id}': maintained(200),
  'GET /api/v1/imports/{id}/errors': maintained(200),
  'GET /api/v1/imports/{id}/rejected.csv': maintained(200),
  'GET /api/v1/imports/{id}/progress': maintained(200),
  'GET /api/v1/imports/{id}/undo': maintained(200),
  'POST /api/v1/imports/{id}/commit': maintained(202),
  'POST /api/v1/imports/{id}/cancel': maintained(200),
  'POST /api/v1/imports/{id}/undo': maintained(202),

  'GET /api/v1/overview': signedIn(200),
  'GET /api/v1/overview/periods': signedIn(200),

  'GET /api/v1/jobs': adminOnly(200),
  'POST /api/v1/jobs/{id}/retry': adminOnly(200),
  'POST /api/v1/jobs/{id}/cancel': adminOnly(200),

  'POST /register': everybody(201),
  'POST /login': everybody(200),
  // Without a project a task goes to General, of which every registered user is a contributor.
  'POST /task': signedIn(201),
  'PUT /task/{id}': changeable(200),
  'DELETE /task/{id}': changeable(200),
  'GET /task/{id}': readable,
  'GET /tasks': signedIn(200),
  'POST /upload-csv': adminOnly(202),
}

/** Routes that stand in no API document: what browsers and operators fetch. All of them are public. */
export const UNDOCUMENTED = ['/', '/livez', '/readyz', '/metrics', '/openapi.json', '/docs', '/console', '/console*']
