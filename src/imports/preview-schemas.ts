import Type from 'typebox'
import { matching } from '../platform/patterns.ts'
import { Nullable, Strict } from '../platform/schemas.ts'
import { FIELDS } from './columns.ts'
import { ENCODINGS } from './decode.ts'
import { UploadQuery } from './schemas.ts'

const { encoding, delimiter, project_id } = UploadQuery.properties
const MOST_CHARACTERS = 700_000

export const PreviewBody = Strict({
  project_id,
  sample: Type.String({
    maxLength: MOST_CHARACTERS,
    ...matching('^[A-Za-z0-9+/]*={0,2}$', 'must be base64'),
    description: 'The beginning of the file in base64: some hundred kilobytes are plenty',
  }),
  whole: Type.Optional(Type.Boolean({ default: false, description: 'The sample is all of the file' })),
  encoding,
  delimiter,
})

export const PreviewAnswer = Type.Object(
  {
    encoding: Type.Enum([...ENCODINGS]),
    delimiter: Type.Enum(['comma', 'semicolon', 'tab', 'pipe']),
    rows: Type.Integer({ description: 'In the sample' }),
    columns: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          field: Nullable(Type.Enum([...FIELDS], { description: 'What it would become; null: nothing' })),
          known: Type.Boolean({ description: 'False: an upload needs to be told in `mapping` what to do with it' }),
          samples: Type.Array(Type.String()),
          date_formats: Type.Array(Type.Enum(['MDY', 'DMY']), {
            description: 'How its dates can be read: two when only a person can tell, none without such dates',
          }),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)
