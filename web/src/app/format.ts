/** Times in the reader's own zone and language. */
const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' })

export const formatTime = (instant: string) => TIME.format(new Date(instant))

/** What days look like, by day: there are few, and a long list names each many times. */
const days = new Map<string, string>()

/** A day is the same day everywhere. @param day `YYYY-MM-DD` */
export function formatDay(day: string): string {
  const known = days.get(day)
  if (known !== undefined) return known
  const text = DAY.format(new Date(`${day}T00:00:00Z`))
  days.set(day, text)
  return text
}

/** A day, or an instant: what `as_of` takes. */
export const formatDayOrTime = (text: string) => (text.includes('T') ? formatTime(text) : formatDay(text))
