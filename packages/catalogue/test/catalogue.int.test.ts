/** The committed documents are what the protos say, and keep to the rules of AsyncAPI and JSON Schema. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import asyncApiSpecs from '@asyncapi/specs'
import { eventDescriptors, rpcDescriptors } from '@holdfast/contracts'
import { describedProgram } from '@holdfast/cli'
import { clientSource } from '@holdfast/openapi'
import Ajv, { type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'

import { apiFiles, asyncApi, docsFolder, readSamples, type Sample, withCommands, withEvents } from '../src'

const read = (...path: string[]) => readFileSync(join(docsFolder, ...path), 'utf8')
const document = JSON.parse(read('events', 'asyncapi.json')) as Record<string, unknown>
const samples = readSamples()

/** Of a schema in the document; the whole is loaded, since references lead from one to the other. */
function validatorOf(document: unknown, pointer: string): ValidateFunction {
  const ajv = addFormats(new Ajv({ strict: false, allErrors: true }))
  const validate = ajv.addSchema({ $id: 'document', ...(document as object) }).getSchema(`document#${pointer}`)
  if (validate === undefined) throw new Error(`${pointer} is not in the document`)
  return validate
}

/** Refuses fields that it does not name. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const inner = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]))
  return 'properties' in schema && 'type' in schema ? { additionalProperties: false, ...inner } : inner
}

test('docs/events/asyncapi.json is what the protos say; npm run catalogue writes it', () => {
  expect(document).toEqual(JSON.parse(JSON.stringify(asyncApi(samples))))
})

test('docs/events.md is what the protos say; npm run catalogue writes it', () => {
  const page = read('events.md')
  expect(withEvents(page, samples)).toBe(page)
})

test('docs/command-line.md is what the program says of itself; npm run catalogue writes it', () => {
  const page = read('command-line.md')
  expect(withCommands(page, describedProgram())).toBe(page)
})

test('the client has what the protos say; npm run catalogue writes it', () => {
  expect(read('..', 'packages', 'client', 'src', 'api.ts')).toBe(clientSource(rpcDescriptors()))
})

test.each([...apiFiles()])('docs/api/%s is what the protos say; npm run catalogue writes it', (file, text) => {
  expect(read('api', file)).toBe(text)
})

test('it is an AsyncAPI 3 document, by the schema of the AsyncAPI project', () => {
  // It brings the schema of schemas along itself.
  const ajv = addFormats(new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false }))
  const validate = ajv.compile(asyncApiSpecs.schemas['3.0.0'] as object)
  validate(document)
  expect(validate.errors ?? []).toEqual([])
  expect(validate({ ...document, channels: { broken: { messages: 1 } } })).toBe(false)
})

test('its references lead somewhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path ?? '')
  const dead = references.filter((path) => {
    const steps = path.split('/')
    return steps.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document) === undefined
  })
  expect(references.length).toBeGreaterThan(50)
  expect(dead).toEqual([])
})

test('every event of the contract has a sample, and no other has', () => {
  expect([...samples.keys()].sort()).toEqual(
    eventDescriptors()
      .map((event) => event.type)
      .sort(),
  )
})

describe.each([...samples])('the sample of %s', (type, sample) => {
  const at = `/components/messages/${type}`

  test('has the headers and the fields that its schemas say, and no others', () => {
    for (const part of ['headers', 'payload'] as const) {
      const validate = validatorOf(part === 'headers' ? document : closed(document), `${at}/${part}`)
      validate(part === 'headers' ? sample.headers : sample.value)
      expect(validate.errors ?? []).toEqual([])
    }
  })

  test('is refused with a field of another kind, and without its id', () => {
    expect(validatorOf(document, `${at}/payload`)(spoilt(sample))).toBe(false)
    expect(validatorOf(document, `${at}/headers`)({ ...sample.headers, ce_id: undefined })).toBe(false)
  })
})

function spoilt({ value }: Sample): unknown {
  // What was deleted has a before alone.
  return { ...(value as object), before: 17, after: 17 }
}
