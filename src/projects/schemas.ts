import Type from 'typebox'
import { Id, IdNumber, NOT_BLANK, Page, PageQuery, Strict, SuggestionQuery, Timestamp } from '../platform/schemas.ts'

const Name = Type.String({ minLength: 1, maxLength: 100, ...NOT_BLANK, examples: ['Website'] })
const Role = Type.Enum(['viewer', 'contributor', 'maintainer'])

export const Project = Type.Object(
  {
    id: Type.Integer(),
    name: Type.String(),
    role: Type.Unsafe<string | null>({
      anyOf: [{ enum: ['viewer', 'contributor', 'maintainer'] }, { type: 'null' }],
      description: 'Your role in it; null for an administrator who is not a member',
    }),
    is_default: Type.Boolean(),
    archived: Type.Boolean(),
    created_at: Timestamp,
  },
  { additionalProperties: false },
)
export const ProjectPage = Page(Project)
export const ProjectListQuery = Strict({
  ...PageQuery,
  archived: Type.Optional(Type.Boolean({ default: false, description: 'List the archived ones instead' })),
})
export const ProjectParams = Strict({ id: Id })
export const CreateProjectBody = Strict({ name: Name })
export const ChangeProjectBody = Strict(
  { name: Type.Optional(Name), archived: Type.Optional(Type.Boolean()) },
  { minProperties: 1 },
)

export const Member = Type.Object(
  { user_id: Type.Integer(), username: Type.String(), role: Role, added_at: Timestamp },
  { additionalProperties: false },
)
export const MemberPage = Page(Member)
export const MemberListQuery = Strict(PageQuery)
export const AssigneeQuery = Strict({
  ...SuggestionQuery.properties,
  project_id: Type.Optional(IdNumber({ description: 'Members of this project only' })),
})
export const MemberParams = Strict({ id: Id, user_id: Id })
export const AddMemberBody = Strict({ username: Type.String({ minLength: 1, maxLength: 64 }), role: Role })
export const ChangeMemberBody = Strict({ role: Role })
