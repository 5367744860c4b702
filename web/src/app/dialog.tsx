import { Modal, type ModalProps } from '@mantine/core'
import { useEffect, useState } from 'react'
import { focusAgain, lastFocused } from './focus.ts'

/** A drawer that closes with the question gives the focus back after 10 ms, and then nothing is to do. */
const AFTER_DRAWERS_MS = 20

let open = 0

/** Whether a question stands over everything, or has just been closed by the key that is being handled. */
export const isAsking = () => open > 0

/** A question that is there while it is open. The library's modal gives the focus back only when it was there before. */
export function Dialog(props: Omit<ModalProps, 'opened'>) {
  const [from] = useState(lastFocused)
  useEffect(() => {
    open++
    return () => {
      setTimeout(() => open--)
      setTimeout(() => focusAgain(from), AFTER_DRAWERS_MS)
    }
  }, [from])
  return <Modal opened {...props} />
}
