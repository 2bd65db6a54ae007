/** Node's requests and responses as connect-es's handlers know them, and back. */
import type { DescMessage } from '@bufbuild/protobuf'
import type { ContextValues } from '@connectrpc/connect'
import type { UniversalServerRequest, UniversalServerResponse } from '@connectrpc/connect/protocol'
import { HoldfastError } from '@holdfast/service'

import { readBytes } from '../body'
import type { Exchange } from '../exchange'
import type { StreamReply } from '../stream-reply'
import { binaryTypeOf, decodeBase64, encodeBase64 } from './base64-body'
import { checkBody } from './check-body'
import { toConnectError } from './errors'

/** @returns the request, and whether it came, and is to be answered, in gRPC-web's text form */
export function toUniversalRequest(
  { request, response, requestId, pathname }: Exchange,
  bodyLimit: number,
  input: DescMessage,
  contextValues: ContextValues,
): { request: UniversalServerRequest; text: boolean } {
  const header = new Headers()
  for (const [name, value] of Object.entries(request.headers)) if (value !== undefined) header.set(name, String(value))
  const binaryType = binaryTypeOf(header.get('content-type') ?? '')
  if (binaryType !== undefined) header.set('content-type', binaryType)
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const text = binaryType !== undefined
  return {
    request: {
      httpVersion: request.httpVersion,
      method: request.method ?? '',
      // The handlers read nothing of it: they have no GET.
      url: `http://gateway${pathname}`,
      header,
      body: body(),
      signal: gone.signal,
      contextValues,
    },
    text,
  }

  /** One message in all that we serve: it is read whole, when the caller has been let in. */
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      const bytes = await readBytes(request, text ? Math.ceil(bodyLimit / 3) * 4 : bodyLimit)
      const message = text ? decodeBase64(bytes) : bytes
      checkBody(input, header.get('content-type') ?? '', header, message)
      yield message
    } catch (error) {
      throw toConnectError(error, requestId)
    }
  }
}

/** @throws UNSUPPORTED_MEDIA_TYPE for what no protocol could be told from */
export function toReply(
  { status, header, body }: UniversalServerResponse,
  options: { text: boolean; lasts: boolean; stallMs: number },
): StreamReply {
  if (status === 415) {
    const message = 'must be of gRPC-web or of the Connect protocol, as application/grpc-web+proto or application/proto'
    const fields = [{ field: 'Content-Type', message }]
    throw new HoldfastError('UNSUPPORTED_MEDIA_TYPE', `Content-Type: ${message}`, { fields })
  }
  const headers: Record<string, string> = { 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
  header?.forEach((value, name) => (headers[name] = value))
  if (options.text) headers['content-type'] = 'application/grpc-web-text+proto'
  const pieces = body ?? nothing()
  return {
    status,
    headers,
    pieces: options.text ? encodeBase64(pieces) : pieces,
    lasts: options.lasts,
    stallMs: options.stallMs,
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
