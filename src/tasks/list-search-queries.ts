import { type StateSource, stateSources } from './as-of-queries.ts'
import { containsSql, dueSql, filterSql, hasLabels, labelsSql, textSql, WORDS } from './filter-queries.ts'
import { range, readable, type Statement, select, unionAll } from './list-parts-queries.ts'

/** What makes a search cheaper; what it finds is the same. */
export interface SearchHints {
  /** Weeks to look in one after the other: from the one in which the page begins, in its order, and none left out. */
  windows?: Windows
  /** That so many have the last word that the others are looked for alone. */
  isLastCommon?: boolean
}

export interface Windows {
  /** The Mondays of each, in UTC. */
  weeks: string[][]
  /** Where they end, in UTC. */
  end: string
}

const WEEK = `array[date_trunc('week', t.created_at at time zone 'UTC')::date]`

/**
 * Windows of some weeks one after the other, and then all that lies behind them, until the page is full. The indexes have the
 * week in which a task was made, which never changes. A nested loop and a `union all` give what they read in its order, and
 * read no more than is asked for: each window is sorted, and they follow each other.
 */
export function search(statement: Statement, { windows, isLastCommon = false }: SearchHints): string {
  const { actor, filter, limit, timeZone, bind, direction } = statement
  const found = (within: string[]) => candidates(statement, isLastCommon, within)
  const parts = windows?.weeks.map((weeks) => `(select ${bind(weeks)}::date[] as weeks)`)
  const edge = windows && `t.created_at ${direction === 'desc' ? '<' : '>='} ${bind(windows.end)}::timestamptz`
  const near = parts && `select c.* from (${unionAll(parts)}) w cross join lateral (${found([`${WEEK} && w.weeks`])}) c`
  const far = found(edge ? [`(${edge}) is true`] : [])
  const conditions = [...filterSql(filter, timeZone, bind), readable(actor)].join(' and ')
  const states = stateSources(statement.end).map((source) => select(source, [`t.${source.id} = c.id`]))
  return `select t.* from (${near ? `${near} union all ` : ''}select * from (${far}) c) c
      cross join lateral (select * from (${unionAll(states)}) t limit 1) t
           where ${conditions} limit ${limit}`
}

/**
 * Tasks that have the word, label or day now, or had it in a state that was the last before another (`former_words`,
 * `due_ended`): whoever had it at the time is among them. Of each the state at that time is looked for then; there is one.
 */
function candidates(statement: Statement, isLastCommon: boolean, within: string[]): string {
  const { end, filter, timeZone, bind } = statement
  // A state that had begun is the one that is looked for: the rest of the filter spares looking for it again.
  const others = () => filterSql({ ...filter, text: undefined, labels: undefined, anyLabel: undefined }, timeZone, bind)
  const rest = end ? [`(t.valid_from >= ${end} or (${['true', ...others()].join(' and ')}))`] : []
  const sources = stateSources(end).map(({ table, id, conditions }) => {
    const isFormer = table === 'task_versions' && isOfWords(statement)
    const where = [
      ...(isFormer ? [`(t.valid_to >= ${end}) is true`] : [...conditions, ...rest]),
      isOfWords(statement) ? `(${range(statement, id)}) is true` : range(statement, id),
      ...within,
      ...heldSql(statement, table, isLastCommon),
    ]
    return `select t.${id} as id, t.created_at from ${isFormer ? 'former_words' : table} t where ${where.join(' and ')}`
  })
  return `select * from (${sources.join(' union ')}) c order by ${statement.order.replaceAll('t.', 'c.')} offset 0`
}

const isOfWords = ({ filter }: Statement) => filter.text !== undefined || hasLabels(filter)

/** What the word, label or day is looked for in: the expressions and conditions of the indexes. */
function heldSql({ filter, bind }: Statement, table: StateSource['table'], isLastCommon: boolean): string[] {
  const isFormer = table === 'task_versions'
  if (filter.text !== undefined) {
    const words = isFormer ? 't.words' : WORDS
    const sought = [textSql(filter.text, bind, words, isLastCommon)]
    if (!isLastCommon) return sought
    // No index is asked for the last word, each row is: the one whose text held at the time has all of them.
    const all = isFormer ? textSql(filter.text, bind, words) : containsSql(filter.text, bind)
    return [...sought, `case when ${all} then true end`]
  }
  if (hasLabels(filter)) return [labelsSql(filter, bind)]
  return [...dueSql(filter, bind), ...(isFormer ? ['t.due_ended'] : [])]
}
