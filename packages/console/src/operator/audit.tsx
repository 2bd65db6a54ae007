import type { AuditRecord, VerifyAuditResponse } from '@holdfast/client'
import { Alert, Button, Code, Group, TextInput, UnstyledButton } from '@mantine/core'
import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useLocation, useSearch } from 'wouter'

import { api } from '../api/client.ts'
import { paths } from '../paths.ts'
import { whenText } from '../shop/texts.ts'
import { AlertIcon, CheckIcon, ReceiptIcon } from '../ui/icons.tsx'
import { Page } from '../ui/page.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { Empty } from '../ui/states.tsx'
import { changesOf } from './changes-of.ts'
import { Paged } from '../ui/paged.tsx'
import { type AuditFilter, auditRecords } from './queries.ts'
import classes from './audit.module.css'

const fields: { name: keyof AuditFilter; label: string; example: string }[] = [
  { name: 'action', label: 'Action', example: 'reservation.created' },
  { name: 'objectType', label: 'Of what', example: 'reservation' },
  { name: 'objectId', label: 'Its id', example: 'id or SKU' },
  { name: 'actorId', label: 'By whom', example: 'user id or service' },
  { name: 'requestId', label: 'Request', example: 'request id' },
]

/** Every change, the newest first. What is looked for is in the address, so that it can be passed on. */
export function AuditPage() {
  const search = new URLSearchParams(useSearch())
  const [, go] = useLocation()
  const filter = Object.fromEntries(
    fields.flatMap(({ name }) => (search.get(name) ? [[name, search.get(name)]] : [])),
  ) as AuditFilter
  const look = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const wanted = fields.flatMap(({ name }) => {
      const value = form.get(name)
      return typeof value === 'string' && value.trim() !== '' ? [[name, value.trim()]] : []
    })
    go(`${paths.audit}?${new URLSearchParams(wanted).toString()}`)
  }
  return (
    <Page title="Audit log" lead="Every change of every record, by whom and when. It only grows." aside={<Verify />}>
      <form key={search.toString()} onSubmit={look} onReset={() => go(paths.audit)} className={classes.filter} role="search">
        {fields.map(({ name, label, example }) => (
          <TextInput key={name} name={name} label={label} placeholder={example} defaultValue={filter[name]} size="xs" />
        ))}
        <Group gap="xs" align="end">
          <Button type="submit" size="xs">
            Look
          </Button>
          <Button type="reset" size="xs" variant="default">
            All
          </Button>
        </Group>
      </form>
      <Records filter={filter} />
    </Page>
  )
}

function Records({ filter }: { filter: AuditFilter }) {
  return (
    <Paged
      query={useInfiniteQuery(auditRecords(filter))}
      what="the records"
      rowsOf={(page) => page.records}
      empty={
        <Empty icon={<ReceiptIcon />} title="No such record">
          Nothing on record is like that. Records come a moment after the change.
        </Empty>
      }
    >
      {(records) => (
        <ol className={classes.records}>
          {records.map((record) => (
            <li key={record.sequence}>
              <Record record={record} />
            </li>
          ))}
        </ol>
      )}
    </Paged>
  )
}

function Record({ record }: { record: AuditRecord }) {
  const [isOpen, setOpen] = useState(false)
  const { sequence, at, action, actor, objectType, objectId } = record
  const id = `record-${sequence}`
  return (
    <article className={classes.record}>
      <UnstyledButton className={classes.line} aria-expanded={isOpen} aria-controls={id} onClick={() => setOpen(!isOpen)}>
        <span className={classes.sequence}>{sequence}</span>
        <span className={classes.action}>{action}</span>
        <span className={classes.object}>
          {objectType} {objectId}
        </span>
        <span className={classes.actor}>{actorText(actor)}</span>
        <time className={classes.time} dateTime={at}>
          {whenText(at)}
        </time>
      </UnstyledButton>
      {isOpen && <Details id={id} record={record} />}
    </article>
  )
}

function Details({ id, record }: { id: string; record: AuditRecord }) {
  const changes = changesOf(record.before, record.after)
  return (
    <div id={id} className={classes.details}>
      <dl className={classes.changes}>
        {changes.map(({ path, before, after }) => (
          <div key={path}>
            <dt>{path}</dt>
            <dd>
              {before !== undefined && <del>{before}</del>} {after !== undefined && <ins>{after}</ins>}
            </dd>
          </div>
        ))}
      </dl>
      <p className={classes.proof}>
        Request <Code>{record.requestId}</Code> · hash <Code>{record.hash}</Code>
      </p>
    </div>
  )
}

/** Goes through the whole chain of hashes. */
function Verify() {
  const { mutate, data, error, isPending } = useMutation({ mutationFn: async () => api.verifyAudit({}) })
  return (
    <div className={classes.verify} aria-live="polite">
      <Button variant="default" loading={isPending} onClick={() => mutate()}>
        Verify the chain
      </Button>
      {error !== null && <ProblemNote error={error} />}
      {data !== undefined && <Verdict verdict={data} />}
    </div>
  )
}

function Verdict({ verdict }: { verdict: VerifyAuditResponse }) {
  if (verdict.valid) {
    return (
      <p className={classes.valid}>
        <CheckIcon size={16} /> All {verdict.checked} records are as they were written.
      </p>
    )
  }
  return (
    <Alert color="ember" icon={<AlertIcon />} title={`Record ${verdict.firstBadSequence} is not as it was written`}>
      {verdict.problem}
    </Alert>
  )
}

function actorText(actor: AuditRecord['actor']): string {
  if (actor === undefined) return ''
  return actor.role === 'SERVICE' ? `the ${actor.id} service` : `${actor.role.toLowerCase()} ${actor.id.slice(0, 8)}`
}
