import { Button, Code, Text } from '@mantine/core'
import { Component, type ReactNode } from 'react'
import { useLocation } from 'wouter'

import { AlertIcon } from '../ui/icons.tsx'
import { Page } from '../ui/page.tsx'
import { Empty } from '../ui/states.tsx'

/** A page that breaks, or that can't be fetched, takes nothing with it: another one is opened as before. */
export function FaultBoundary({ children }: { children: ReactNode }) {
  const [path] = useLocation()
  return <Boundary path={path}>{children}</Boundary>
}

interface State {
  path: string
  /** Of the page with that path. */
  fault?: Error
}

/** React has this as a class alone. */
class Boundary extends Component<{ path: string; children: ReactNode }, State> {
  override state: State = { path: this.props.path }

  static getDerivedStateFromProps({ path }: { path: string }, state: State): State | null {
    return path === state.path ? null : { path, fault: undefined }
  }

  static getDerivedStateFromError(fault: Error): { fault: Error } {
    return { fault }
  }

  override render(): ReactNode {
    const { fault } = this.state
    return fault === undefined ? this.props.children : <Broken fault={fault} />
  }
}

/** After a release the parts of an older one are gone; loading again brings the newer one. */
function Broken({ fault }: { fault: Error }) {
  return (
    <Page title="This page did not open">
      <Empty
        icon={<AlertIcon />}
        title="Load it again"
        action={
          <Button mt="sm" onClick={() => location.reload()}>
            Load again
          </Button>
        }
      >
        <Text inherit>The shop may have been renewed since you came, or the connection broke. Nothing of yours is lost.</Text>
        <Code mt="sm">{fault.message}</Code>
      </Empty>
    </Page>
  )
}
