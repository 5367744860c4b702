import { DateInput } from '@mantine/dates'
import { History } from 'lucide-react'

/** Goes to the end of a past day. @param value a day or an instant; undefined is now */
export function AsOfControl({ value, onChange }: { value?: string; onChange: (value: string | undefined) => void }) {
  return (
    <DateInput
      w={160}
      aria-label="As of the end of a day"
      valueFormat="YYYY-MM-DD"
      placeholder="As of today"
      leftSection={<History size={16} aria-hidden />}
      value={value?.slice(0, 10) ?? null}
      maxDate={new Date()}
      onChange={(day) => onChange(day ?? undefined)}
    />
  )
}
