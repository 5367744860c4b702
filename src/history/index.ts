export { maintainPartitions } from './partition-service.ts'
export { historyRoutes } from './routes.ts'
export { TaskVersion } from './schemas.ts'
export { logPage } from './service.ts'
