import { stateSources } from './as-of-queries.ts'
import { dueSql, filterSql, hasLabels, labelsSql, textSql, WORDS } from './filter-queries.ts'
import { range, readable, type Statement, select, unionAll } from './list-parts-queries.ts'

/** What makes a search cheaper; what it finds is the same. */
export interface SearchHints {
  /** The Mondays of the weeks, in UTC, in which the page probably lies: the first ones in its order, and none left out. */
  weeks?: string[]
  /** That the last word is more common than the others. */
  isLastCommon?: boolean
}

/**
 * The tasks of some weeks first; all, when they do not fill the page. The index has the week in which a task was made, which
 * never changes.
 */
export function search(statement: Statement, { weeks, isLastCommon = false }: SearchHints): string {
  const { actor, filter, order, limit, timeZone, bind } = statement
  const conditions = [...filterSql(filter, timeZone, bind), readable(actor)].join(' and ')
  const found = (within: string[]) =>
    `${holders(statement, isLastCommon, within)} where ${conditions} order by ${order.replaceAll('t.', 'c.')}`
  const all = found([])
  if (!weeks) return all
  const near = found([`array[date_trunc('week', t.created_at at time zone 'UTC')::date] && ${bind(weeks)}::date[]`])
  const isFull = `(select count(*) from near) = ${limit}`
  return `with near as materialized (${near} limit ${limit})
    select * from (select * from near where ${isFull}
                   union all select * from (${all} limit ${limit}) t where not ${isFull}) t order by ${order}`
}

/**
 * Tasks that have the word, label or day now, or had it in a version that is the last before another (`text_ended` and so
 * on): whoever had it at the time is among them. Then the state of each at that time, of which there is one.
 */
function holders(statement: Statement, isLastCommon: boolean, within: string[]): string {
  const { end, filter, timeZone, bind } = statement
  // A state that had begun is the one that is looked for: the rest of the filter spares looking for it again.
  const others = () => filterSql({ ...filter, text: undefined, labels: undefined, anyLabel: undefined }, timeZone, bind)
  const rest = end ? [`(t.valid_from >= ${end} or (${['true', ...others()].join(' and ')}))`] : []
  const candidates = stateSources(end).map(({ table, id, conditions }) => {
    const held = heldSql(statement, table === 'task_versions', isLastCommon)
    const where = [...conditions, `(${range(statement, id)}) is true`, ...within, ...rest, ...held]
    return `select t.${id} as id, t.created_at from ${table} t where ${where.join(' and ')}`
  })
  const states = stateSources(end).map((source) => select(source, [`t.${source.id} = c.id`]))
  return `select t.* from (select * from (${candidates.join(' union ')}) c
                            order by ${statement.order.replaceAll('t.', 'c.')}) c
      cross join lateral (select * from (${unionAll(states)}) t limit 1) t`
}

/** What the word, label or day is looked for in: the expressions and conditions of the indexes. */
function heldSql({ filter, bind }: Statement, isEnded: boolean, isLastCommon: boolean): string[] {
  const indexed = isEnded ? ['(t.labels_ended or t.text_ended)'] : []
  if (filter.text !== undefined) {
    const words = isEnded ? `(case when t.text_ended then ${WORDS} end)` : WORDS
    return [textSql(filter.text, bind, words, isLastCommon), ...indexed]
  }
  if (hasLabels(filter)) {
    const labels = isEnded ? '(case when t.labels_ended then t.labels end)' : 't.labels'
    return [labelsSql(filter, bind, labels), ...indexed]
  }
  return [...dueSql(filter, bind), ...(isEnded ? ['t.due_ended'] : [])]
}
