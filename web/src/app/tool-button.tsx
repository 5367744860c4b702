import { Button, type ButtonProps } from '@mantine/core'
import type { LucideIcon } from 'lucide-react'
import type { ComponentPropsWithRef } from 'react'
import styles from './tool-button.module.css'

interface Props extends ButtonProps, Omit<ComponentPropsWithRef<'button'>, keyof ButtonProps> {
  icon: LucideIcon
  label: string
}

/** One of several at the head of a page. */
export function ToolButton({ icon: Icon, label, ...props }: Props) {
  return (
    <Button
      variant="default"
      classNames={styles}
      leftSection={<Icon size={16} aria-hidden />}
      aria-label={label}
      {...props}
    >
      {label}
    </Button>
  )
}
