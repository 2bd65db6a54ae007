import type { Difference } from '@holdfast/client'
import { Alert, Button, Code } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'

import { api } from '../api/client.ts'
import { AlertIcon, CheckIcon } from '../ui/icons.tsx'
import { ConfirmButton } from '../ui/confirm-button.tsx'
import { Page } from '../ui/page.tsx'
import { Panel } from '../ui/panel.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { Loading } from '../ui/states.tsx'
import { DataTable } from './data-table.tsx'
import { Figure, Figures } from './figures.tsx'
import classes from './books.module.css'

/** Recomputes every figure from what it is made of, while the shop goes on. */
export function BooksPage() {
  const { mutate, data, error, isPending } = useMutation({ mutationFn: async () => api.checkConsistency({}) })
  return (
    <Page
      title="The books"
      lead="Every stock level is computed again from its movements and its holds, and holds, reservations and orders are compared."
      aside={
        <Button loading={isPending} onClick={() => mutate()}>
          {data === undefined ? 'Check the books' : 'Check again'}
        </Button>
      }
    >
      <div aria-live="polite" className={classes.parts}>
        {isPending && <Loading what="every figure" />}
        {error !== null && !isPending && <ProblemNote error={error} onRetry={() => mutate()} />}
        {data !== undefined && !isPending && (
          <>
            {data.consistent ? (
              <p className={classes.balanced}>
                <CheckIcon size={22} /> The books balance.
              </p>
            ) : (
              <Differences differences={data.differences} onMended={() => mutate()} />
            )}
            <Panel title="What was looked at">
              <Figures>
                {Object.entries(data.checked).map(([what, count]) => (
                  <Figure key={what} name={inWords(what)} value={count} />
                ))}
              </Figures>
            </Panel>
          </>
        )}
      </div>
    </Page>
  )
}

function Differences({ differences, onMended }: { differences: readonly Difference[]; onMended: () => void }) {
  const { mutate, error, variables, isPending } = useMutation({
    mutationFn: async ({ kind, id }: Difference) => api.repairConsistency({ kind, id }),
    onSuccess: onMended,
  })
  const count = differences.length === 1 ? 'One row does not fit' : `${differences.length} rows do not fit`
  return (
    <>
      <Alert color="ember" icon={<AlertIcon />} title={count}>
        Find out what happened before you mend anything: the audit log says what a row has been through. Mending leaves a record
        there, too.
      </Alert>
      {error !== null && <ProblemNote error={error} />}
      <DataTable
        name="What does not fit"
        rows={differences}
        keyOf={({ kind, id }) => `${kind} ${id}`}
        minWidth={560}
        columns={[
          { head: 'What', cell: ({ kind }) => inWords(kind) },
          { head: 'Row', cell: ({ id }) => <Code>{id}</Code> },
          { head: 'Should be', cell: ({ expected }) => expected },
          { head: 'Is', cell: ({ found }) => found },
          {
            head: '',
            label: 'Mend',
            cell: (difference) => (
              <ConfirmButton
                label="Mend"
                size="xs"
                question={`Mend ${inWords(difference.kind)} of ${difference.id}?`}
                loading={isPending && variables === difference}
                onConfirm={() => mutate(difference)}
              >
                It becomes {difference.expected}, if the other rows leave no doubt of that; else it stays as it is, and you are
                told why.
              </ConfirmButton>
            ),
          },
        ]}
      />
    </>
  )
}

/** `stockLevels` and `hold_line` as words. */
function inWords(name: string): string {
  const words = name.replaceAll('_', ' ').replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words.charAt(0).toUpperCase() + words.slice(1)
}
