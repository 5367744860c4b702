export { maintainPartitions } from './partition-service.ts'
export { historyRoutes } from './routes.ts'
export { TaskVersion } from './schemas.ts'
export { readLog } from './service.ts'
