export { projectArchived, projectForbidden, projectNotFound } from './errors.ts'
export { actorKind, may, projectPredicate, taskPredicate } from './policy.ts'
export { findProject } from './queries.ts'
export { projectRoutes } from './routes.ts'
