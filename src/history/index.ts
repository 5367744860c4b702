export { maintainPartitions, readLog } from './service.ts'
