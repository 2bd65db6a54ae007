import { Code, ConnectError } from '@connectrpc/connect'
import { errorCodes, errorDetails, HoldfastError } from '@holdfast/service'

/** Connect's codes by gRPC's numbers, which they share. */
const codes = new Map<number, Code>(
  Object.values(Code)
    .filter((code) => typeof code === 'number')
    .map((code) => [code, code]),
)

/** Our error as gRPC-web and Connect tell it, with the same details as over gRPC. */
export function toConnectError(thrown: unknown, requestId: string): ConnectError {
  if (thrown instanceof ConnectError) return thrown
  const ours = HoldfastError.from(thrown)
  const code = codes.get(errorCodes[ours.code].grpc) ?? Code.Internal
  const error = new ConnectError(ours.message, code, undefined, undefined, ours.cause)
  error.details = errorDetails(ours, requestId)
  return error
}
