import { randomBytes, randomUUID } from 'node:crypto'

import type { Credential } from '@holdfast/launcher'

import { callJson, type JsonReply, type JsonRequest } from './json-client'

/** JSON calls to one gateway; a status is an answer, whatever it is. */
export interface Api {
  readonly url: string
  get<Body = Json>(path: string, request?: ApiRequest): Promise<JsonReply<Body>>
  /** `body` is sent as it is when it is a string, else as JSON. */
  post<Body = Json>(path: string, body?: unknown, request?: ApiRequest): Promise<JsonReply<Body>>
  patch<Body = Json>(path: string, body?: unknown, request?: ApiRequest): Promise<JsonReply<Body>>
  delete<Body = Json>(path: string, request?: ApiRequest): Promise<JsonReply<Body>>
}

export type ApiRequest = Omit<JsonRequest, 'body'>

/** A JSON object whose shape a test does not name. */
export type Json = Record<string, unknown>

/** @param defaults go with every call, as a token does */
export function api(baseUrl: string, defaults: ApiRequest = {}): Api {
  const call = async <Body>(method: string, path: string, request: JsonRequest): Promise<JsonReply<Body>> =>
    callJson<Body>(method, `${baseUrl}${path}`, { ...defaults, ...request })
  return {
    url: baseUrl,
    get: async (path, request = {}) => call('GET', path, request),
    post: async (path, body, request = {}) => call('POST', path, { ...request, body }),
    patch: async (path, body, request = {}) => call('PATCH', path, { ...request, body }),
    delete: async (path, request = {}) => call('DELETE', path, request),
  }
}

export interface TestUser extends Credential {
  id: string
  token: string
  refreshToken: string
}

interface AuthReply {
  user: { id: string; email: string; role: 'USER' | 'ADMIN' }
  accessToken: string
  refreshToken: string
}

/** A new user, logged in. */
export async function registerUser(baseUrl: string, credential: Partial<Credential> = {}): Promise<TestUser> {
  const { email = `user-${randomUUID()}@shop.example`, password = randomPassword() } = credential
  const reply = await api(baseUrl).post<AuthReply>('/v1/auth/register', { email, password })
  return testUser(reply, { email, password })
}

/** Nothing of it can be a word of an address that is as random, which would be refused. */
function randomPassword(): string {
  return `secret ${randomBytes(16).readBigUInt64BE()}`
}

export async function logIn(baseUrl: string, { email, password }: Credential): Promise<TestUser> {
  return testUser(await api(baseUrl).post<AuthReply>('/v1/auth/login', { email, password }), { email, password })
}

/** An access token of the admin. */
export async function adminToken(system: { url: string; credentials: { admin: Credential } }): Promise<string> {
  return (await logIn(system.url, system.credentials.admin)).token
}

function testUser({ status, body }: JsonReply<AuthReply>, credential: Credential): TestUser {
  if (status !== 200 && status !== 201) throw new Error(`${credential.email} got no token: ${status} ${JSON.stringify(body)}`)
  return { ...credential, id: body.user.id, token: body.accessToken, refreshToken: body.refreshToken }
}
