export { projectArchived, projectForbidden, projectNotFound } from './errors.ts'
export { actorKind, projectPredicate, readableProjects, readScope, taskPredicate } from './policy.ts'
export { projectRoutes } from './routes.ts'
