import Type from 'typebox'
import { matching } from '../platform/patterns.ts'
import { Id, Nullable, Page, PageQuery, Strict, Timestamp, Uuid } from '../platform/schemas.ts'

export const USERNAME = matching(
  '^[A-Za-z0-9._-]{2,64}$',
  'must be 2 to 64 letters, digits, dots, dashes or underscores',
)
// Linear: a text too long is searched as well before it is refused, so a pattern that backtracks would stop the process.
export const EMAIL = matching(
  '^[^@\\s]+@[^@\\s.]+(?:\\.[^@\\s.]+)+$',
  'must be an email address such as john@example.org',
)

const Username = Type.String({
  ...USERNAME,
  description: '2 to 64 letters, digits, dots, dashes or underscores',
  examples: ['john_doe'],
})
const Email = Type.String({
  ...EMAIL,
  maxLength: 254,
  examples: ['john@example.org'],
})
const NewPassword = Type.String({ maxLength: 1_000, description: '8 to 200 characters of any kind' })
const Password = Type.String({ maxLength: 1_000 })
const Role = Type.Enum(['user', 'admin'])

export const RegisterBody = Strict({
  username: Username,
  email: Type.Optional(Nullable(Email)),
  password: NewPassword,
})

export const CreateUserBody = Strict({
  username: Username,
  email: Type.Optional(Nullable(Email)),
  password: NewPassword,
  role: Type.Optional(Role),
})

export const LoginBody = Strict({ username: Type.String({ minLength: 1, maxLength: 200 }), password: Password })

const Cookie = Type.Optional(
  Type.Boolean({
    default: false,
    description:
      'For browsers: the refresh token is kept in a cookie (`HttpOnly`, `SameSite=Strict`), and the answer has none. ' +
      'The request must come from a page of the same origin.',
  }),
)

export const BrowserLoginBody = Strict({ ...LoginBody.properties, cookie: Cookie })

export const RefreshBody = Strict(
  { refresh_token: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })), cookie: Cookie },
  { description: 'The token, or `"cookie": true` for the one in the cookie' },
)

export const PasswordBody = Strict({ current_password: Password, new_password: NewPassword })

export const DownloadBody = Strict({
  path: Type.String({
    ...matching('^/api/v1/[A-Za-z0-9/._-]+(\\?[!-~]*)?$', 'must be a path such as /api/v1/tasks.csv?status=active'),
    maxLength: 8_000,
    description: 'Path and query, exactly as they will be opened: of an export, or the rejected rows of an import',
    examples: ['/api/v1/tasks.csv?status=active'],
  }),
})

export const RoleBody = Strict({ role: Role })

export const TokenPair = Type.Object(
  {
    access_token: Type.String(),
    token_type: Type.Literal('Bearer'),
    expires_in: Type.Integer({ description: 'Seconds' }),
    refresh_token: Type.String({ description: 'Works once; the answer to its use brings the next' }),
  },
  { additionalProperties: false },
)

export const BrowserTokenPair = Type.Object(
  {
    ...TokenPair.properties,
    refresh_token: Type.Optional(
      Type.String({
        description: 'Works once; the answer to its use brings the next. Left out when it is in the cookie',
      }),
    ),
  },
  { additionalProperties: false },
)

export const User = Type.Object(
  {
    id: Type.Integer(),
    username: Type.String(),
    email: Nullable(Type.String()),
    role: Role,
    disabled: Type.Boolean(),
    created_at: Timestamp,
  },
  { additionalProperties: false },
)

export const UserPage = Page(User)
export const UserListQuery = Strict(PageQuery)

const Session = Type.Object(
  {
    id: Type.String(),
    current: Type.Boolean(),
    created_at: Timestamp,
    last_used_at: Timestamp,
    expires_at: Timestamp,
    user_agent: Nullable(Type.String()),
    address: Nullable(Type.String()),
  },
  { additionalProperties: false },
)

export const SessionList = Type.Object({ items: Type.Array(Session) })
export const SessionParams = Strict({ id: Uuid('Id') })
export const UserParams = Strict({ id: Id })
