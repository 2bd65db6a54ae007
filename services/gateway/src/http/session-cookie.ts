/**
 * The refresh token of a page that the gateway serves itself, in a cookie instead of the answer's body: no script can read it.
 * A page asks for that with the header X-Holdfast-Session; for everybody else nothing changes. Two tabs may come with one cookie, and
 * a page may be left before its answer is there: what makes the second a repeat and no theft (refresh.ts) is the Idempotency-Key
 * that the page sends, a secret of its own. Who has the cookie alone can repeat nothing.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'

import type { DescField, JsonValue } from '@bufbuild/protobuf'
import { HoldfastError, invalidField } from '@holdfast/service'

import { refreshTokenSeconds } from '../refresh-tokens'
import { isJsonObject } from './json-problems'
import type { Route } from './route-table'
import type { Answer } from './transcode'

const header = 'x-holdfast-session'

/** Sent where there is no cookie: a token that nobody has, and the answer is the one for that. */
const noToken = 'none'

/** What a route has to do with refresh tokens, by its messages. */
interface TokenFields {
  taken: DescField | undefined
  given: DescField | undefined
}

/** The session of one request whose refresh token is in the cookie. */
export class CookieSession {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #fields: TokenFields

  private constructor(request: IncomingMessage, response: ServerResponse, fields: TokenFields) {
    this.#request = request
    this.#response = response
    this.#fields = fields
  }

  /**
   * @returns undefined where none is asked for, or the route has nothing to do with it
   * @throws PERMISSION_DENIED for a page of another origin, INVALID_ARGUMENT for a header that is none
   */
  static of({ rpc }: Route, request: IncomingMessage, response: ServerResponse): CookieSession | undefined {
    const asked = request.headers[header]
    if (asked === undefined) return undefined
    const fields = { taken: refreshTokenOf(rpc.desc.input.fields), given: refreshTokenOf(rpc.desc.output.fields) }
    if (fields.taken === undefined && fields.given === undefined) return undefined
    if (asked !== 'cookie') throw invalidField('X-Holdfast-Session', 'must be cookie')
    if (!isOwnPage(request)) {
      throw new HoldfastError('PERMISSION_DENIED', 'A session in a cookie is for pages of this origin alone')
    }
    return new CookieSession(request, response, fields)
  }

  /** The body with the token of the cookie. @throws INVALID_ARGUMENT for one that brings another */
  fill(body: JsonValue | undefined): JsonValue | undefined {
    const { taken } = this.#fields
    if (taken === undefined || !(body === undefined || isJsonObject(body))) return body
    if (body !== undefined && (taken.jsonName in body || taken.name in body)) {
      throw invalidField(taken.jsonName, 'is in the cookie')
    }
    return { ...body, [taken.jsonName]: cookieOf(this.#request, this.#name) ?? noToken }
  }

  /** The answer without its token, which goes into the cookie; after a logout there is none. */
  keep(answer: Answer): Answer {
    const { given } = this.#fields
    if (given === undefined) {
      this.#setCookie('', 0)
      return answer
    }
    const json = JSON.parse(answer.body.toString()) as Record<string, string>
    this.#setCookie(json[given.jsonName] ?? '', refreshTokenSeconds)
    return { ...answer, body: JSON.stringify({ ...json, [given.jsonName]: '' }) }
  }

  /** The answer to the call. Where it says that the session is over, or was none, the cookie goes with it. */
  async watch<T>(sending: Promise<T>): Promise<T> {
    try {
      return await sending
    } catch (error) {
      if (this.#fields.taken !== undefined && HoldfastError.from(error).code === 'UNAUTHENTICATED') this.#setCookie('', 0)
      throw error
    }
  }

  /**
   * Over TLS browsers refuse the name for a cookie that was set without, with a Domain or for a Path of its own (RFC 6265bis,
   * 4.1.3.2): no other host of the site can put one there. That is worth a Path of all, where only /v1/auth looks at it.
   */
  get #name(): string {
    return isSecure(this.#request) ? '__Host-holdfast-refresh' : 'holdfast-refresh'
  }

  #setCookie(value: string, maxAge: number): void {
    const [path, secure] = isSecure(this.#request) ? ['/', '; Secure'] : ['/v1/auth', '']
    const cookie = `${this.#name}=${value}; Path=${path}; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure}`
    this.#response.setHeader('set-cookie', cookie)
  }
}

function refreshTokenOf(fields: readonly DescField[]): DescField | undefined {
  return fields.find(({ name }) => name === 'refresh_token')
}

/**
 * Browsers say whose page a request comes from, and no page can say otherwise: Sec-Fetch-Site, which older ones, and those at an
 * address without TLS, leave away; and Origin with each POST. That another site's page can't send the header X-Holdfast-Session
 * without leave (CORS) is a second lock.
 */
function isOwnPage({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin'
  return headers.origin !== undefined && headers.host !== undefined && hostOf(headers.origin) === headers.host.toLowerCase()
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

/** Behind a proxy that speaks TLS the origin tells. */
function isSecure({ socket, headers }: IncomingMessage): boolean {
  return socket instanceof TLSSocket || headers.origin?.startsWith('https://') === true
}

/** Undefined also where there are two: one was put there by somebody else, and nobody knows which. */
function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const [found, another] = pairs.filter((pair) => pair.startsWith(`${name}=`))
  return another === undefined ? found?.slice(name.length + 1) : undefined
}
