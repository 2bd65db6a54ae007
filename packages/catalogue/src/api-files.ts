import { rpcDescriptors } from '@holdfast/contracts'
import { httpFile, postmanCollection } from '@holdfast/openapi'

/** The files of docs/api, by name: the whole JSON surface as requests to send. */
export function apiFiles(): Map<string, string> {
  const rpcs = rpcDescriptors()
  return new Map([
    ['holdfast.http', httpFile(rpcs)],
    ['holdfast.postman_collection.json', `${JSON.stringify(postmanCollection(rpcs), undefined, 2)}\n`],
  ])
}
