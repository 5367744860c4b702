import Type from 'typebox'
import { Strict } from '../platform/schemas.ts'
import { TaskListQuery } from '../tasks/index.ts'

const { limit: _, cursor: __, ...selection } = TaskListQuery.properties

/** Everything that narrows the list; there are no pages. */
export const NdjsonExportQuery = Strict(selection)

export const CsvExportQuery = Strict({
  ...selection,
  raw: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'Every character as it is: nothing is done about cells that a spreadsheet would take for formulas',
    }),
  ),
})

/** A whole file, of this media type. */
export const FileAnswer = (mediaType: string, description: string): object => ({
  description,
  content: { [mediaType]: { schema: Type.String() } },
})
