/** The files of docs/api, sent to a running system: every answer is one that the OpenAPI document has, and most are successes. */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { rpcDescriptors } from '@holdfast/contracts'
import { type Operation, operationsOf } from '@holdfast/openapi'
import Ajv2020 from 'ajv/dist/2020'
import addFormats from 'ajv-formats'

import { openShop, type Shop } from './shop'

interface Request {
  id: string
  method: string
  url: string
  headers: Record<string, string>
  body: string | undefined
}

let shop: Shop
beforeAll(async () => {
  shop = await openShop({ notifications: true, demo: true })
})
afterAll(async () => shop.close())

const docs = join(__dirname, '..', '..', 'docs', 'api')

function requestsOf(text: string): { variables: Record<string, string>; requests: Request[] } {
  const [head = '', ...parts] = text.split(/^### .*\n/m)
  const variables = Object.fromEntries([...head.matchAll(/^@(\w+) = (.*)$/gm)].map(([, name, value]) => [name, value ?? '']))
  const requests = parts.map((part) => {
    const [top = '', ...body] = part.trim().split('\n\n')
    const [name = '', line = '', ...headers] = top.split('\n')
    const [method = '', url = ''] = line.split(' ')
    return {
      id: name.replace('# @name ', ''),
      method,
      url,
      headers: Object.fromEntries(headers.map((header) => header.split(': ') as [string, string])),
      body: body.length === 0 ? undefined : body.join('\n\n'),
    }
  })
  return { variables, requests }
}

/** What is answered, by the request's name: the variables of those after it. */
type Answers = Map<string, unknown>

function filled(text: string, variables: Record<string, string>, answers: Answers): string {
  return text.replaceAll(/\{\{([^}]+)\}\}/g, (_, name: string) => {
    if (name === '$guid') return randomUUID()
    if (name === '$timestamp') return String(Date.now())
    const [id = '', path = ''] = name.split('.response.body.$.')
    if (path === '') return variables[name] ?? ''
    return String(
      path.split('.').reduce((at: unknown, step) => (at as Record<string, unknown> | undefined)?.[step], answers.get(id)),
    )
  })
}

async function send({ method, headers, body }: Request, url: string): Promise<{ status: number; type: string; json: unknown }> {
  const leaving = new AbortController()
  const init = { method, headers, signal: leaving.signal, ...(body !== undefined && { body }) }
  const response = await fetch(url, init)
  const [type = ''] = (response.headers.get('content-type') ?? '').split(';')
  if (type.endsWith('json')) return { status: response.status, type, json: JSON.parse(await response.text()) }
  leaving.abort()
  return { status: response.status, type, json: undefined }
}

/** What is wrong with an answer, by the document that the system itself serves. */
async function checkerOf(url: string) {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as object
  const ajv = addFormats(new Ajv2020({ strict: false, allErrors: true, formats: { int32: true, int64: true } }))
  ajv.addSchema({ $id: 'document', ...document })
  const escaped = (step: string): string => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))
  return ({ path, method }: Operation, status: number, type: string, json: unknown): string[] => {
    const at = `document#/paths/${escaped(path)}/${method}/responses/${status}`
    const success = ajv.getSchema(`${at}/content/${escaped(type)}/schema`)
    // What is no JSON has no schema.
    const isDownload = ajv.getSchema(`${at}/content/${escaped(type)}`) !== undefined && json === undefined
    const refusal = ajv.getSchema(`document#/components/responses/${status}/content/${escaped(type)}/schema`)
    const isListed = ajv.getSchema(at) !== undefined
    const validate = success ?? refusal
    if (isDownload) return []
    if (!isListed || validate === undefined) return [`${status} ${type} is not in the document`]
    if (json !== undefined) validate(json)
    return (validate.errors ?? []).map(({ instancePath, message }) => `${status} ${instancePath} ${message}`)
  }
}

test('each request of the .http file is answered as the OpenAPI document says', async () => {
  const { variables, requests } = requestsOf(readFileSync(join(docs, 'holdfast.http'), 'utf8'))
  const { email, password } = shop.system.credentials.admin
  const given = { ...variables, baseUrl: shop.system.url, email, password }
  const operations = new Map(operationsOf(rpcDescriptors()).map((operation) => [operation.id, operation]))
  const check = await checkerOf(shop.system.url)
  const answers: Answers = new Map()
  const found: Record<string, string[]> = {}
  const succeeded: string[] = []
  for (const request of requests) {
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, filled(value, given, answers)]),
    )
    const body = request.body === undefined ? undefined : filled(request.body, given, answers)
    const { status, type, json } = await send({ ...request, headers, body }, filled(request.url, given, answers))
    answers.set(request.id, json)
    if (status < 300) succeeded.push(request.id)
    const operation = operations.get(request.id)
    const problems = operation === undefined ? ['is no operation'] : check(operation, status, type, json)
    if (problems.length > 0) found[request.id] = problems
  }
  expect(found).toEqual({})
  const examples = [...operations.values()].filter(({ rawBody }) => !rawBody)
  expect(requests.map(({ id }) => id).sort()).toEqual(examples.map(({ id }) => id).sort())
  // What is refused is a matter of the example: that somebody is registered already, or that there is nothing to repair.
  expect(succeeded.length).toBeGreaterThanOrEqual(requests.length / 2)
  expect(succeeded).toEqual(
    expect.arrayContaining(['login', 'createProduct', 'createReservation', 'placeOrder', 'watchAvailability']),
  )
})

test('the Postman collection has the same requests, and keeps what later ones need', () => {
  const { requests } = requestsOf(readFileSync(join(docs, 'holdfast.http'), 'utf8'))
  const { item, variable } = JSON.parse(readFileSync(join(docs, 'holdfast.postman_collection.json'), 'utf8')) as {
    item: { name: string; request: { method: string; url: string }; event?: { script: { exec: string[] } }[] }[]
    variable: { key: string }[]
  }
  expect(item.map(({ name, request }) => [name, request.method])).toEqual(requests.map(({ id, method }) => [id, method]))
  const kept = item.flatMap(({ event = [] }) => event.flatMap(({ script }) => script.exec))
  const known = new Set([
    ...variable.map(({ key }) => key),
    ...kept.map((line) => /set\('(\w+)'/.exec(line)?.[1] ?? ''),
    '$guid',
    '$timestamp',
  ])
  const used = [...JSON.stringify(item).matchAll(/\{\{([^}]+)\}\}/g)].map(([, name]) => name ?? '')
  expect(used.filter((name) => !known.has(name))).toEqual([])
})
