export { jobRoutes } from './routes.ts'
export { Job } from './schemas.ts'
