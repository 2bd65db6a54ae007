/** Our errors on the gRPC wire: a status, and google.rpc details (https://google.aip.dev/193) in `grpc-status-details-bin`. */
import { Metadata, type ServiceError, status as Grpc, type StatusObject } from '@grpc/grpc-js'
import type { ItemError } from '@holdfast/contracts/common'
import { BadRequest, ErrorInfo, RequestInfo, RetryInfo, Status } from '@holdfast/contracts/google-rpc'

import type { CallEnd } from './breaker'
import { errorCodes, HoldfastError, isErrorCode } from './errors'

const domain = 'holdfast'
const detailsKey = 'grpc-status-details-bin'
const typeUrl = (name: string): string => `type.googleapis.com/google.rpc.${name}`

/** The google.rpc messages that tell more of an error, by their type names and serialized. */
export function errorDetails(error: HoldfastError, requestId: string): { type: string; value: Uint8Array }[] {
  const details = [
    { type: 'google.rpc.ErrorInfo', value: ErrorInfo.encode({ reason: error.code, domain, metadata: {} }).finish() },
    { type: 'google.rpc.RequestInfo', value: RequestInfo.encode({ requestId, servingData: '' }).finish() },
  ]
  if (error.fields.length > 0) {
    const fieldViolations = error.fields.map(({ field, message }) => ({
      field,
      description: message,
      reason: '',
      localizedMessage: undefined,
    }))
    details.push({ type: 'google.rpc.BadRequest', value: BadRequest.encode({ fieldViolations }).finish() })
  }
  if (error.retryAfterMs !== undefined) {
    const retryDelay = { seconds: BigInt(Math.floor(error.retryAfterMs / 1000)), nanos: (error.retryAfterMs % 1000) * 1_000_000 }
    details.push({ type: 'google.rpc.RetryInfo', value: RetryInfo.encode({ retryDelay }).finish() })
  }
  return details
}

export function toGrpcStatus(error: HoldfastError, requestId: string): StatusObject {
  const code = errorCodes[error.code].grpc
  const details = errorDetails(error, requestId).map(({ type, value }) => ({
    typeUrl: `type.googleapis.com/${type}`,
    value: Buffer.from(value),
  }))
  const metadata = new Metadata()
  metadata.set(detailsKey, Buffer.from(Status.encode({ code, message: error.message, details }).finish()))
  metadata.set('x-request-id', requestId)
  return { code, details: error.message, metadata }
}

/** What a peer answered, as ours again. */
export function fromGrpcError(error: ServiceError): HoldfastError {
  const packed = error.metadata?.get(detailsKey)[0]
  const details = Buffer.isBuffer(packed) ? Status.decode(packed).details : []
  const find = (name: string): Uint8Array | undefined => details.find((detail) => detail.typeUrl === typeUrl(name))?.value
  const info = find('ErrorInfo')
  const reason = info === undefined ? '' : ErrorInfo.decode(info).reason
  if (!isErrorCode(reason)) return withoutDetails(error)
  const badRequest = find('BadRequest')
  const retry = find('RetryInfo')
  const retryDelay = retry === undefined ? undefined : RetryInfo.decode(retry).retryDelay
  return new HoldfastError(reason, error.details, {
    fields:
      badRequest === undefined
        ? []
        : BadRequest.decode(badRequest).fieldViolations.map(({ field, description }) => ({ field, message: description })),
    ...(retryDelay && { retryAfterMs: Number(retryDelay.seconds) * 1000 + retryDelay.nanos / 1_000_000 }),
    cause: error,
  })
}

/**
 * What grpc-js says, as INTERNAL or UNKNOWN, where a connection broke in the middle of an answer: a stream was reset, or ended before
 * its status. The call may have been done or not, as with any connection that is lost.
 */
const brokenOff = /^Received (RST_STREAM with code|HTTP status code)/

/** Whether the peer itself has answered a call, be it with an error. */
export function endOf(error: ServiceError | null): CallEnd {
  // What services answer has details; without them gRPC speaks, of this side or of the other.
  if (error === null || (error.metadata?.get(detailsKey).length ?? 0) > 0) return 'answered'
  if (brokenOff.test(error.details)) return 'lost'
  switch (error.code) {
    case Grpc.DEADLINE_EXCEEDED:
      return 'unanswered'
    case Grpc.CANCELLED:
      return 'given up'
    case Grpc.UNAVAILABLE:
      return 'lost'
    default:
      return 'answered'
  }
}

/** gRPC itself speaks: the peer is not there, is too slow, or does not know the method. */
function withoutDetails(error: ServiceError): HoldfastError {
  const cause = error
  if (brokenOff.test(error.details)) {
    return new HoldfastError('UNAVAILABLE', 'The connection to a service that is needed was lost', { cause })
  }
  switch (error.code) {
    case Grpc.DEADLINE_EXCEEDED:
    case Grpc.CANCELLED:
      return new HoldfastError('DEADLINE_EXCEEDED', 'It took too long', { cause })
    case Grpc.UNAVAILABLE:
      return new HoldfastError('UNAVAILABLE', 'A service that is needed is not there right now', { cause })
    case Grpc.RESOURCE_EXHAUSTED:
      return new HoldfastError('INVALID_ARGUMENT', 'The message is too large', { cause })
    case Grpc.UNIMPLEMENTED:
      return new HoldfastError('UNIMPLEMENTED', 'No such method', { cause })
    default:
      return HoldfastError.from(error)
  }
}

/** An error as one item's part of a batch answer, and back. */
export function toItemError(error: unknown): ItemError {
  const ours = HoldfastError.from(error)
  return { code: ours.code, message: ours.message, fields: ours.fields, retryAfterMs: ours.retryAfterMs ?? 0 }
}

export function fromItemError(error: ItemError): HoldfastError {
  const details = { fields: error.fields, ...(error.retryAfterMs > 0 && { retryAfterMs: error.retryAfterMs }) }
  return new HoldfastError(isErrorCode(error.code) ? error.code : 'INTERNAL', error.message, details)
}
