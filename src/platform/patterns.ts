const words = new Map<string, string>()
const FORMATS: Record<string, string> = {
  date: 'must be a date such as 2025-03-31',
  'date-time': 'must be a time such as 2025-03-31T08:00:00Z',
}

/**
 * A pattern for the schema of a text.
 *
 * @param rule what is said to whoever sends another text, after the member's name: "must …"
 */
export function matching(pattern: string, rule: string): { pattern: string } {
  words.set(pattern, rule)
  return { pattern }
}

/** The rule in words that a text has broken, by the pattern or format in its schema. */
export const ruleOf = ({ pattern, format }: { pattern?: unknown; format?: unknown }): string | undefined =>
  words.get(String(pattern)) ?? FORMATS[String(format)]
