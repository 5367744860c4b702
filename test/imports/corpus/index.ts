import type { Case } from './case.ts'
import { DELIMITERS, MAPPINGS, NAMES } from './columns.ts'
import { ORDERS } from './date-orders.ts'
import { DAYS, TIMES } from './days-and-times.ts'
import { ENCODINGS, NO_CSV } from './encodings.ts'
import { KEYS } from './keys.ts'
import { LINE_ENDS, QUOTES, ROWS, SIZES } from './shape.ts'
import { LIBRARIES, SPREADSHEETS } from './spreadsheets.ts'
import { TRACKERS } from './trackers.ts'
import { LABELS, TEXTS, WORDS } from './values.ts'
import { ORIGINAL, WHOLE_FILES } from './whole-files.ts'

/** All cases, by theme. */
export const CORPUS: Record<string, Case[]> = {
  'line ends and blank lines': LINE_ENDS,
  quotes: QUOTES,
  'rows of the wrong shape': ROWS,
  sizes: SIZES,
  encodings: ENCODINGS,
  'no CSV': NO_CSV,
  delimiters: DELIMITERS,
  'names of columns': NAMES,
  'a mapping': MAPPINGS,
  'dates, which part is the day': ORDERS,
  'dates of the calendar': DAYS,
  'times of day': TIMES,
  texts: TEXTS,
  'words and users': WORDS,
  labels: LABELS,
  keys: KEYS,
  'files as a whole': WHOLE_FILES,
  'the original contract': ORIGINAL,
  spreadsheets: SPREADSHEETS,
  'other products': TRACKERS,
  'databases and libraries': LIBRARIES,
}
