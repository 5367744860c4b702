import { Box, Table, Text } from '@mantine/core'
import type { ReactElement } from 'react'
import {
  Area,
  AreaChart,
  Bar,
  BarChart,
  CartesianGrid,
  Legend,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts'
import { AnchorLink } from '../app/anchor-link.tsx'
import { formatDay } from '../app/format.ts'
import { ScrollTable } from '../app/scroll-table.tsx'
import { OPEN, type TaskSearch } from '../tasks/search.ts'

interface Period {
  from: string
  to: string
  open: number
  created: number
  completed: number
}

interface Props {
  items: Period[]
  /** Adds what the whole page is narrowed to. */
  search: (more: TaskSearch) => TaskSearch
  show: (search: TaskSearch) => void
}

const BLUE = 'var(--mantine-color-blue-6)'
const TEAL = 'var(--mantine-color-teal-6)'

/** The lists that the numbers of a period stand for. */
const openAt = ({ to }: Period): TaskSearch => ({ status: OPEN, as_of: to })
const createdIn = ({ from, to }: Period): TaskSearch => ({ created_from: from, created_to: to, as_of: to })
const completedIn = ({ from, to }: Period): TaskSearch => ({
  status: 'completed',
  updated_from: from,
  updated_to: to,
  as_of: to,
})

const axes = (
  <>
    <CartesianGrid strokeDasharray="3 3" stroke="var(--mantine-color-default-border)" vertical={false} />
    <YAxis
      width={56}
      allowDecimals={false}
      tickFormatter={(count: number) => count.toLocaleString()}
      stroke="var(--mantine-color-dimmed)"
      fontSize={12}
    />
    <Tooltip
      labelFormatter={(day) => formatDay(String(day))}
      contentStyle={{ background: 'var(--mantine-color-body)', borderColor: 'var(--mantine-color-default-border)' }}
    />
  </>
)
const dayAxis = (key: 'from' | 'to') => (
  <XAxis dataKey={key} tickFormatter={formatDay} minTickGap={40} stroke="var(--mantine-color-dimmed)" fontSize={12} />
)

export function OpenChart({ items, search, show }: Props) {
  return (
    <Box>
      <Plot>
        <AreaChart
          data={items}
          accessibilityLayer={false}
          onClick={({ activeTooltipIndex }) => {
            const item = items[Number(activeTooltipIndex)]
            if (item) show(openAt(item))
          }}
        >
          {dayAxis('to')}
          {axes}
          <Area dataKey="open" name="Open" stroke={BLUE} fill={BLUE} fillOpacity={0.2} isAnimationActive={false} />
        </AreaChart>
      </Plot>
      <Numbers
        head={['Day', 'Open']}
        rows={items.map((item) => ({
          key: item.to,
          label: formatDay(item.to),
          cells: [[item.open, search(openAt(item))]],
        }))}
      />
    </Box>
  )
}

export function WeekChart({ items, search, show }: Props) {
  const open = (searchOf: (item: Period) => TaskSearch) => (_bar: unknown, index: number) => {
    const item = items[index]
    if (item) show(searchOf(item))
  }
  return (
    <Box>
      <Plot>
        <BarChart data={items} accessibilityLayer={false}>
          {dayAxis('from')}
          {axes}
          <Legend
            itemSorter={null}
            formatter={(name) => (
              <Text span size="xs" c="var(--mantine-color-text)">
                {name}
              </Text>
            )}
          />
          <Bar dataKey="created" name="Created" fill={BLUE} isAnimationActive={false} onClick={open(createdIn)} />
          <Bar dataKey="completed" name="Completed" fill={TEAL} isAnimationActive={false} onClick={open(completedIn)} />
        </BarChart>
      </Plot>
      <Numbers
        head={['Week', 'Created', 'Completed']}
        rows={items.map((item) => ({
          key: item.from,
          label: `${formatDay(item.from)} to ${formatDay(item.to)}`,
          cells: [
            [item.created, search(createdIn(item))],
            [item.completed, search(completedIn(item))],
          ],
        }))}
      />
    </Box>
  )
}

/** Chromium lets the Tab key stop at parts of an SVG that listen for focus, as React does at each layer of Recharts. */
function passedByTab(plot: HTMLElement | null): (() => void) | undefined {
  if (!plot) return
  const passBy = () => {
    for (const layer of plot.querySelectorAll('g[class^="recharts-zIndex"]:not([tabindex])')) {
      layer.setAttribute('tabindex', '-1')
    }
  }
  passBy()
  const layers = new MutationObserver(passBy)
  layers.observe(plot, { childList: true, subtree: true })
  return () => layers.disconnect()
}

/** For the eye; the table below says the same to everybody. */
function Plot({ children }: { children: ReactElement }) {
  return (
    <Box h={240} aria-hidden ref={passedByTab}>
      <ResponsiveContainer width="100%" height="100%">
        {children}
      </ResponsiveContainer>
    </Box>
  )
}

interface NumberRow {
  key: string
  label: string
  cells: [count: number, search: TaskSearch][]
}

function Numbers({ head, rows }: { head: string[]; rows: NumberRow[] }) {
  return (
    <details>
      <Text component="summary" size="sm" style={{ cursor: 'pointer' }}>
        Show as a table
      </Text>
      <ScrollTable label={head.join(', ')} head={head} numbers={head.slice(1)} miw={0} mah={280}>
        {rows.toReversed().map(({ key, label, cells }) => (
          <Table.Tr key={key}>
            <Table.Td>{label}</Table.Td>
            {cells.map(([count, search], i) => (
              <Table.Td key={head[i + 1]} ta="right">
                <AnchorLink to="/tasks" search={search} size="sm" aria-label={`${head[i + 1]}, ${label}: ${count}`}>
                  {count.toLocaleString()}
                </AnchorLink>
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </ScrollTable>
    </details>
  )
}
