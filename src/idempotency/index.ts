export { type Answer, type AnswerText, replayed, sendText, toText } from './answer.ts'
export { keyed } from './keyed.ts'
export { RequestKey } from './request-key.ts'
export { documentKeys } from './schemas.ts'
