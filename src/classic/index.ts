export { classicRoutes } from './routes.ts'
export { uploadRoute } from './upload.ts'
