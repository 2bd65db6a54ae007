import { NativeSelect } from '@mantine/core'

export interface StateSelectProps<State extends string> {
  states: readonly State[]
  textOf: (state: State) => string
  /** Undefined: all of them. */
  value: State | undefined
  onChange: (state: State | undefined) => void
}

/** Which of a list are shown. */
export function StateSelect<State extends string>({ states, textOf, value, onChange }: StateSelectProps<State>) {
  return (
    <NativeSelect
      label="State"
      value={value ?? ''}
      onChange={(event) => onChange(states.find((one) => one === event.currentTarget.value))}
      data={[{ value: '', label: 'All' }, ...states.map((state) => ({ value: state, label: textOf(state) }))]}
    />
  )
}
