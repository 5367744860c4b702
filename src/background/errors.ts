import { AppError } from '../platform/errors.ts'

export const jobNotFound = (id: string) => new AppError('JOB_NOT_FOUND', 404, `There is no job ${id}.`)

export const wrongJobState = (state: string, wanted: string) =>
  new AppError('WRONG_JOB_STATE', 409, `The job is ${state}; this needs one that is ${wanted}.`)

export const jobOfImport = (importId: number) =>
  new AppError('JOB_OF_IMPORT', 409, `Import ${importId} waits for this job.`, {
    hint: 'Cancel the import instead: its job ends by itself.',
    members: { import_id: importId, url: `/api/v1/imports/${importId}` },
  })
