import { Button } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { focusAgain } from '../app/focus.ts'
import { Page } from '../app/page.tsx'
import { ImportList } from './import-list.tsx'
import { ImportView } from './import-view.tsx'
import { NewImport } from './new-import.tsx'

const route = getRouteApi('/shell/imports')

/** A file on its way in: chosen, checked, merged; the address names the import, so that a reload goes on with it. */
export function ImportsPage() {
  const { id } = route.useSearch()
  const navigate = route.useNavigate()
  const open = (id?: number) => navigate({ search: id === undefined ? {} : { id: String(id) } })
  const onChecked = async (id: number) => {
    await open(id)
    // The button that was pressed is gone.
    focusAgain(document.querySelector('h1'))
  }
  if (id) {
    return (
      <Page
        title={`Import ${id}`}
        actions={
          <Button variant="default" leftSection={<Plus size={16} aria-hidden />} onClick={() => open()}>
            Another file
          </Button>
        }
      >
        <ImportView id={id} />
      </Page>
    )
  }
  return (
    <Page title="Imports">
      <NewImport onChecked={onChecked} />
      <ImportList />
    </Page>
  )
}
