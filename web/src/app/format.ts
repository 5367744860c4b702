/** Times in the reader's own zone and language. */
const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' })

export const formatTime = (instant: string) => TIME.format(new Date(instant))

/** A day is the same day everywhere. @param day `YYYY-MM-DD` */
export const formatDay = (day: string) => DAY.format(new Date(`${day}T00:00:00Z`))

/** A day, or an instant: what `as_of` takes. */
export const formatDayOrTime = (text: string) => (text.includes('T') ? formatTime(text) : formatDay(text))
