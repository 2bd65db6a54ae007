/** Values for the fields of a request: such as could be right, at the edges of what is, and of another kind altogether. */
import type { DescField, DescMessage } from '@bufbuild/protobuf'
import { ScalarType } from '@bufbuild/protobuf'
import fc, { type Arbitrary } from 'fast-check'

/** What is there in the system that is asked: requests that name it get further than those that name nothing. */
export interface Known {
  skus: string[]
  /** Of reservations, orders, users, endpoints. */
  ids: string[]
  refreshTokens: string[]
}

/** A piece of JSON text; not a value, so that it can hold what no JSON.stringify writes. */
type Json = string

const quote = (text: string): Json => JSON.stringify(text)

const texts: Arbitrary<Json> = fc.oneof(
  fc
    .constantFrom(
      '',
      ' ',
      'a',
      'MAIN',
      'NORTH-1',
      'USD',
      'EUR',
      'usd',
      'true',
      'null',
      '0',
      '-1',
      '*',
      '..',
      '%',
      '%00',
      "'; drop table holds; --",
    )
    .map(quote),
  fc
    .constantFrom(
      'x@shop.example',
      'X@SHOP.EXAMPLE',
      'a long enough password',
      'https://shop.invalid/hook',
      'tok_ok',
      'tok_declined',
    )
    .map(quote),
  fc.constantFrom(
    String.raw`"\u0000"`,
    String.raw`"A\u0000B"`,
    String.raw`"\ud800"`,
    String.raw`"\udc00\ud800"`,
    String.raw`"\uffff"`,
  ),
  fc.constantFrom('\u202e', '\u0301', '👩‍👩‍👧‍👦', 'ﬁ', 'İ', 'ß', '\u00a0', '\u2028', '\ufeff').map(quote),
  fc.constantFrom(64, 255, 256, 1_000, 5_000).map((length) => quote('x'.repeat(length))),
  fc.uuid().map(quote),
  fc.string({ unit: 'binary', maxLength: 20 }).map(quote),
)

const numbers: Arbitrary<Json> = fc.oneof(
  fc.constantFrom('0', '1', '2', '5', '60', '500', '501', '-0', '-1', '1.0', '1e0', '0.1', '1.5', '"1"', '" 1"', '"0x1"'),
  fc.constantFrom(
    '2147483647',
    '2147483648',
    '-2147483648',
    '-2147483649',
    '4294967296',
    '9007199254740993',
    '1e21',
    '1e400',
    '-1e400',
  ),
  fc.constantFrom('"9223372036854775807"', '"9223372036854775808"', '"-9223372036854775808"', '"NaN"', '"Infinity"'),
  fc.integer({ min: 1, max: 20 }).map(String),
)

const times: Arbitrary<Json> = fc.oneof(
  fc
    .constantFrom(
      '2026-01-31T12:00:00Z',
      '2026-02-30T12:00:00Z',
      '2026-01-31',
      '1969-12-31T23:59:59Z',
      '2026-01-31T12:00:00+14:00',
    )
    .map(quote),
  fc
    .constantFrom('0000-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999999Z', '10000-01-01T00:00:00Z', '-1')
    .map(quote),
  fc.date({ noInvalidDate: true }).map((date) => quote(date.toISOString())),
)

const durations = fc.constantFrom('"1s"', '"0.000000001s"', '"-1s"', '"315576000001s"', '"1"', '1')
const wrong: Arbitrary<Json> = fc.oneof(
  fc.constantFrom('null', 'true', '[]', '{}', '[[]]', '[null]', '{"a":1}', '""', '{"__proto__":{"x":1}}', '{"constructor":1}'),
  fc.json({ maxDepth: 3 }),
)

/** Whether every value is such as could be right, or also such as could not. */
export type Mood = 'right' | 'wild'

/** One value of a field; of one item, where it is a list. */
function valueOf(field: DescField, known: Known, mood: Mood, depth: number): Arbitrary<Json> {
  const { message, enum: enumeration, scalar } = field
  const right = mood === 'right'
  if (message !== undefined) {
    if (message.typeName === 'google.protobuf.Timestamp') return right ? fc.constant('"2026-01-31T12:00:00Z"') : times
    if (message.typeName === 'google.protobuf.Duration') return right ? fc.constant('"60s"') : durations
    return depth > 3 ? fc.constant('{}') : messageOf(message, known, mood, [], depth + 1)
  }
  if (enumeration !== undefined) {
    const names = enumeration.values.filter(({ number }) => number > 0).map(({ name }) => quote(name))
    return right ? fc.constantFrom(...names) : fc.constantFrom(...names, '0', '1', '99', '"NOTHING"')
  }
  if (scalar === ScalarType.BOOL)
    return right ? fc.constantFrom('true', 'false') : fc.constantFrom('true', 'false', '"true"', '1')
  if (scalar !== ScalarType.STRING && scalar !== ScalarType.BYTES) {
    return right ? fc.integer({ min: 1, max: 5 }).map(String) : numbers
  }
  return right ? named(field.name, known) : fc.oneof(named(field.name, known), texts)
}

/** The text of a value for a query parameter; undefined: the field can't be one. */
export function parameterOf(field: DescField, known: Known): Arbitrary<string> | undefined {
  if (field.fieldKind === 'map' || (field.message !== undefined && !field.message.typeName.startsWith('google.protobuf.')))
    return undefined
  return valueOf(field, known, 'right', 0).map((json) => encodeURIComponent(String(JSON.parse(json))))
}

/** A text that could be right, by the name of its field. */
export function named(name: string, known: Known): Arbitrary<Json> {
  if (/^client_token|page_token|checkpoint/.test(name)) return fc.constant('""')
  if (/sku/.test(name)) return fc.constantFrom(...known.skus, 'NEW-1', 'new_2').map(quote)
  if (/refresh_token/.test(name)) return fc.constantFrom(...known.refreshTokens, 'none').map(quote)
  if (/token/.test(name)) return fc.constantFrom('tok_ok', 'tok_declined', '').map(quote)
  if (name.endsWith('id'))
    return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...known.ids).map(quote) }, fc.uuid().map(quote))
  if (/email/.test(name))
    return fc
      .oneof(
        fc.constant('x@shop.example'),
        fc.uuid().map((id) => `${id}@shop.example`),
      )
      .map(quote)
  if (/password/.test(name)) return fc.constantFrom('a long enough password', 'another good password').map(quote)
  if (/currency/.test(name)) return fc.constantFrom('USD', 'EUR').map(quote)
  if (/warehouse|code/.test(name)) return fc.constantFrom('MAIN', 'NORTH').map(quote)
  if (/url/.test(name)) return fc.constant(quote('https://shop.invalid/hook'))
  if (/kind/.test(name)) return fc.constantFrom('reserved', 'hold_line', 'reservation').map(quote)
  return fc.constantFrom('a', 'An ordinary text', 'Ünïcödé ✓').map(quote)
}

/**
 * The text of a JSON object for a message.
 * @param leftOut fields that stand in the path already
 */
export function messageOf(
  message: DescMessage,
  known: Known,
  mood: Mood,
  leftOut: readonly string[] = [],
  depth = 0,
): Arbitrary<Json> {
  const members = message.fields
    .filter(({ name }) => mood === 'wild' || !leftOut.includes(name))
    .map((field) => {
      const one = valueOf(field, known, mood, depth)
      const right =
        field.fieldKind === 'list' ? fc.array(one, { minLength: 1, maxLength: 4 }).map((items) => `[${items.join()}]`) : one
      const value = mood === 'right' ? right : fc.oneof({ weight: 8, arbitrary: right }, { weight: 1, arbitrary: wrong })
      const key = mood === 'right' ? fc.constant(field.jsonName) : fc.constantFrom(field.jsonName, field.jsonName, field.name)
      return fc.oneof(
        { weight: 5, arbitrary: fc.tuple(key, value).map(([name, json]) => `${quote(name)}:${json}`) },
        { weight: 1, arbitrary: fc.constant('') },
      )
    })
  const foreign = fc
    .tuple(fc.constantFrom('__proto__', 'constructor', 'x', ''), wrong)
    .map(([name, json]) => `${quote(name)}:${json}`)
  const more = fc.oneof({ weight: mood === 'right' ? 1 : 9, arbitrary: fc.constant('') }, ...(mood === 'right' ? [] : [foreign]))
  return fc.tuple(...members, more).map((parts) => `{${parts.filter((part) => part !== '').join()}}`)
}
