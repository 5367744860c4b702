export { exportRoutes } from './routes.ts'
export { openExport } from './service.ts'
