import Type from 'typebox'
import { Strict } from '../platform/schemas.ts'
import { CLASSIC_FIELDS, TitleField } from '../tasks/index.ts'

export const CreateBody = Strict({ title: TitleField, ...CLASSIC_FIELDS })
export const ChangeBody = Strict({ title: Type.Optional(TitleField), ...CLASSIC_FIELDS })

export const Registered = Type.Object({
  message: Type.String(),
  id: Type.Integer(),
  username: Type.String(),
  role: Type.String(),
})

export const Message = Type.Object({ message: Type.String() })

export const LogQuery = Strict({
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: 999_999_999, default: 1 })),
  per_page: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 10 })),
  date: Type.Optional(Type.String({ maxLength: 10, description: 'YYYY-MM-DD; today when left out' })),
})

export const Log = Type.Object({
  tasks: Type.Array(Type.Intersect([Type.Ref('Task'), Type.Object({ logged_date: Type.String({ format: 'date' }) })])),
  total: Type.Integer(),
  pages: Type.Integer(),
  current_page: Type.Integer(),
})
