import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js'
import { fromGrpcError } from '@holdfast/service'

/**
 * Waits until a stream begins.
 * @param signal gives it up
 * @returns its messages; iterating them throws the signal's reason after it was aborted, else HoldfastError
 * @throws HoldfastError, when it is refused
 */
export async function beginStream(stream: ClientReadableStream<Buffer>, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
  let failure: ServiceError | undefined
  // grpc-js emits the error once, whoever listens by then.
  stream.on('error', (error: ServiceError) => (failure = error))
  const cancel = (): void => stream.cancel()
  signal.addEventListener('abort', cancel)
  if (signal.aborted) cancel()
  await new Promise<void>((resolve, reject) => {
    stream.once('metadata', () => resolve())
    stream.once('error', (error: ServiceError) => reject(reasonOf(error, signal)))
  })
  return messagesOf()

  async function* messagesOf(): AsyncGenerator<Buffer> {
    try {
      for await (const message of stream) yield message as Buffer
      if (failure !== undefined) throw failure
    } catch (error) {
      throw reasonOf(error as ServiceError, signal)
    } finally {
      signal.removeEventListener('abort', cancel)
      stream.cancel()
    }
  }
}

function reasonOf(error: ServiceError, signal: AbortSignal): Error {
  return signal.aborted && signal.reason instanceof Error ? signal.reason : fromGrpcError(error)
}
