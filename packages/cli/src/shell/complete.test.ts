import { Cli } from '../cli'
import { createProgram } from '../program'
import { complete } from './complete'
import type { Candidate, ValueKind } from './values'

const program = createProgram(new Cli({}, new AbortController().signal, async () => 0))
const known: Record<ValueKind, string[]> = {
  sku: ['CAMERA001', 'CHARGER001', 'PHONE001'],
  reservation: ['4f1c', '4f2d'],
  order: ['9a3e'],
}
const values = async (kind: ValueKind): Promise<Candidate[]> => known[kind].map((value) => ({ value, about: kind }))

test.each([
  ['a command', 'availab', ['availability ']],
  ['several commands', 'up', ['update-product ']],
  ['the commands of a family', 'orders c', ['confirm', 'cancel']],
  ['options, those of the program as well', 'cancel --', ['--key', '--version', '--url', '--as', '--json', '--quiet']],
  ['an option where a line may stand, which is whole', 'create-hold --ttl', ['--ttl-seconds ']],
  ['the choices of an option', 'holds CAMERA001 --state L', ['LIVE', 'LAPSED']],
  ['the choices of an argument', 'orders transition some-id PR', ['PROCESSING ']],
  ['a SKU, also for small letters', 'product cam', ['CAMERA001 ']],
  ['one SKU after another', 'availability PHONE001 C', ['CAMERA001', 'CHARGER001']],
  ['the SKU of a line, which may go on', 'create-hold --ttl-seconds 5 PH', ['PHONE001']],
  ['the id of a reservation', 'checkout 4f', ['4f1c', '4f2d']],
  ['its lines behind it', 'release 4f1c CA', ['CAMERA001']],
  ['the id of an order', 'orders show ', ['9a3e ']],
  ['a command behind the options of the program', '--url http://x --json heal', ['health ']],
  ['nothing where anything may stand', 'adjust PHONE001 1 --reason ', []],
  ['nothing of a command that is none', 'frob x', []],
])('Tab offers %s', async (_what, line, offered) => {
  expect((await complete(program, line, values))[0]).toEqual(offered)
})
