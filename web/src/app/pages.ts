import {
  ChartColumn,
  FileUp,
  FolderKanban,
  KanbanSquare,
  ListChecks,
  type LucideIcon,
  Settings,
  Trash2,
} from 'lucide-react'

/** A page of the navigation. Each is a folder of its own, loaded when it is opened. */
export interface PageLink {
  to: string
  label: string
  icon: LucideIcon
  /** For administrators of the installation only. */
  admin?: boolean
}

export const PAGES: PageLink[] = [
  { to: '/tasks', label: 'Tasks', icon: ListChecks },
  { to: '/board', label: 'Board', icon: KanbanSquare },
  { to: '/overview', label: 'Overview', icon: ChartColumn },
  { to: '/imports', label: 'Imports', icon: FileUp },
  { to: '/projects', label: 'Projects', icon: FolderKanban },
  { to: '/trash', label: 'Trash', icon: Trash2 },
  { to: '/administration', label: 'Administration', icon: Settings, admin: true },
]
