import { Button, NativeSelect, TextInput } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useRef } from 'react'

import { fieldProblem } from '../api/error-words.ts'
import { ProblemNote } from '../ui/problem-note.tsx'
import classes from './action-form.module.css'

export interface Field {
  name: string
  label: string
  description?: string
  /** A whole number; else text. */
  number?: { min?: number; max?: number }
  /** A day, as `2026-12-24`. */
  date?: true
  /** One of these; else what is typed. */
  options?: readonly { value: string; label: string }[]
  required?: boolean
  value?: string
}

/** What was typed, by field; empty where nothing was. */
export type Values = Readonly<Record<string, string>>

export interface ActionFormProps {
  fields: readonly Field[]
  button: string
  /** Does it. @throws what went wrong, which is shown */
  send: (values: Values) => Promise<unknown>
  /** Said afterwards. */
  done: string
}

/** A few fields and the one thing that is done with them. */
export function ActionForm({ fields, button, send, done }: ActionFormProps) {
  const form = useRef<HTMLFormElement>(null)
  const { mutate, error, isPending } = useMutation({
    mutationFn: send,
    onSuccess: () => {
      form.current?.reset()
      notifications.show({ message: done })
    },
  })
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const typed = new FormData(event.currentTarget)
    mutate(Object.fromEntries(fields.map(({ name }) => [name, textOf(typed.get(name))])))
  }
  const isOfFields = fields.some(({ name }) => fieldProblem(error, name) !== undefined)
  return (
    <form ref={form} onSubmit={submit} className={classes.form}>
      <div className={classes.fields}>
        {fields.map((field) => (
          <FieldInput key={field.name} field={field} problem={fieldProblem(error, field.name)} />
        ))}
      </div>
      {error !== null && !isOfFields && <ProblemNote error={error} />}
      <Button type="submit" loading={isPending} className={classes.button}>
        {button}
      </Button>
    </form>
  )
}

function FieldInput({ field, problem }: { field: Field; problem: string | undefined }) {
  const { name, label, description, number, date, options, required, value } = field
  const common = { name, label, description, required, withAsterisk: false, defaultValue: value, error: problem }
  if (options !== undefined) return <NativeSelect {...common} data={[...options]} />
  if (date) return <TextInput {...common} type="date" />
  const numeric =
    number === undefined ? {} : { type: 'number', inputMode: 'numeric' as const, step: 1, min: number.min, max: number.max }
  return <TextInput {...common} {...numeric} />
}

function textOf(value: FormDataEntryValue | null): string {
  return typeof value === 'string' ? value.trim() : ''
}
