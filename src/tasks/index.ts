export { isSettled, lastSettledDay, readAsOf } from './as-of.ts'
export { STATE_COLUMNS } from './as-of-queries.ts'
export { refreshStatistics } from './bulk-queries.ts'
export { bulkRoutes } from './bulk-routes.ts'
export { countRoutes } from './count-routes.ts'
export { taskNotFound } from './errors.ts'
export {
  declareTaskLines,
  TASK_CELLS,
  TASK_CSV_HEADER,
  type TaskLineFormat,
  type TaskSelection,
} from './export-queries.ts'
export {
  compareImportedTasks,
  findKeysByIndex,
  type ImportedField,
  type ImportedRows,
  insertImportedTasks,
  type MergedTasks,
  mergeImportedTasks,
  planImportedTasks,
} from './import-queries.ts'
export { EARLIER_IS_KEPT, restoreImportedTasks, trashImportedTasks } from './import-undo-queries.ts'
export { readFilter } from './list-filter.ts'
export { listTasks } from './list-service.ts'
export { revertRoutes } from './revert-routes.ts'
export { readIfMatch, sendTask, TaskAnswer, taskAnswer, taskRoutes } from './routes.ts'
export { CLASSIC_FIELDS, PRIORITIES, STATUSES, Task, TaskListQuery, TitleField, VersionHeaders } from './schemas.ts'
export { changeTask, createTask, deleteTask, requireHistory } from './service.ts'
export { TASK_FIELDS, TASK_PEOPLE } from './task-json.ts'
export { TaskLookup } from './task-lookup.ts'
export { trashRoutes } from './trash-routes.ts'
