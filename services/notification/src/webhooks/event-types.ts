/** Which events an endpoint wants: types, all of an object (`holdfast.stock.*`), or `*`. */
import { eventDescriptors } from '@holdfast/contracts'
import { invalidField } from '@holdfast/service'

const most = 50

/** @returns sorted, each once. @throws INVALID_ARGUMENT for what can match nothing */
export function checkEventTypes(asked: readonly string[]): string[] {
  if (asked.length === 0 || asked.length > most) throw invalidField('eventTypes', `must be 1 to ${most}`)
  const types = eventDescriptors().map((event) => event.type)
  for (const [index, filter] of asked.entries()) {
    if (!types.some((type) => wants([filter], type)))
      throw invalidField(`eventTypes[${index}]`, 'is no type of the event catalogue')
  }
  return [...new Set(asked)].sort()
}

export function wants(filters: readonly string[], type: string): boolean {
  return filters.some(
    (filter) => filter === '*' || filter === type || (filter.endsWith('.*') && type.startsWith(filter.slice(0, -1))),
  )
}
