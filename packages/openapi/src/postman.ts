/** The walk of the `.http` file as a Postman collection (https://schema.postman.com/json/collection/v2.1.0/). */
import type { RpcDescriptor } from '@holdfast/contracts'
import { commentOf } from '@holdfast/contracts/comments'

import { type Step, stepsOf, variables } from './http-file'
import type { JsonSchema } from './json-values'

export function postmanCollection(rpcs: readonly RpcDescriptor[]): JsonSchema {
  const steps = stepsOf(rpcs)
  return {
    info: {
      name: 'Holdfast',
      description: 'npm run catalogue writes this collection from the protos. Run it from top to bottom.',
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    variable: Object.entries(variables).map(([key, value]) => ({ key, value })),
    item: steps.map((step) => itemOf(step, steps)),
  }
}

const reference = /\{\{(\w+)\.response\.body\.\$\.([\w.]+)\}\}/g

/** Postman has no way to refer to another answer: each keeps what is referred to as a variable, `createReservation_reservation_id`. */
function itemOf({ operation, target, headers, body }: Step, steps: readonly Step[]): JsonSchema {
  const kept = keptOf(operation.id, steps)
  const text = body === undefined ? undefined : renamed(JSON.stringify(body, undefined, 2))
  return {
    name: operation.id,
    request: {
      method: operation.method.toUpperCase(),
      description: commentOf(operation.rpc.desc),
      url: `{{baseUrl}}${renamed(target)}`,
      header: Object.entries(headers).map(([key, value]) => ({ key, value: renamed(value) })),
      ...(text !== undefined && { body: { mode: 'raw', raw: text, options: { raw: { language: 'json' } } } }),
    },
    ...(kept.length > 0 && { event: [{ listen: 'test', script: { type: 'text/javascript', exec: kept } }] }),
  }
}

function renamed(text: string): string {
  return text.replaceAll(reference, (_, id: string, path: string) => `{{${variableOf(id, path)}}}`)
}

function variableOf(id: string, path: string): string {
  return `${id}_${path.replaceAll('.', '_')}`
}

function keptOf(id: string, steps: readonly Step[]): string[] {
  const all = JSON.stringify(steps.map(({ target, headers, body }) => [target, headers, body]))
  const paths = [...all.matchAll(reference)].flatMap(([, from, path]) => (from === id && path !== undefined ? [path] : []))
  return [...new Set(paths)].map((path) => {
    const value = ['pm.response.json()', ...path.split('.')].join('?.')
    return `pm.collectionVariables.set('${variableOf(id, path)}', ${value})`
  })
}
