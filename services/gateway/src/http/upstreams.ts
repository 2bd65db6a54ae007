import { Client, Metadata } from '@grpc/grpc-js'
import {
  Breaker,
  type Channel,
  channelOptions,
  inClientSpan,
  type Logger,
  makeCall,
  metadataNames,
  type PeerTls,
  plaintext,
  type ServiceTokens,
} from '@holdfast/service'
import { service as healthService } from 'grpc-health-check'

import { beginStream } from './upstream-stream'

/** A service behind the gateway. */
export interface UpstreamAddress {
  /** As its service tokens name it, and as people see it: `inventory`. */
  peer: string
  /** gRPC target. */
  address: string
  /** The gRPC services that it serves, as `holdfast.inventory.v1.InventoryService`. */
  services: string[]
  /** The gateway is ready without it. */
  optional?: boolean
}

/** A call to a service: the request's bytes, and what goes with them. */
export interface Call {
  request: Buffer
  requestId: string
  /** The user's JWT. */
  userToken: string | undefined
  idempotencyKey: string | undefined
  traceparent: string | undefined
  /** ms since 1970; Infinity: a stream that may last. */
  deadline: number
}

/** The services behind the gateway, called with messages that are bytes already. */
export class Upstreams {
  private readonly byService = new Map<string, Upstream>()
  private readonly all: Upstream[]

  /** @param log told of a service that hangs */
  constructor(addresses: readonly UpstreamAddress[], tokens: ServiceTokens, tls: PeerTls = plaintext, log?: Logger) {
    this.all = addresses.map((address) => new Upstream(address, tokens, tls, log))
    for (const upstream of this.all) for (const service of upstream.address.services) this.byService.set(service, upstream)
  }

  /** @throws Error for a service that no address was given for: a mistake in the wiring */
  of(service: string): Upstream {
    const upstream = this.byService.get(service)
    if (upstream === undefined) throw new Error(`nobody serves ${service}`)
    return upstream
  }

  [Symbol.iterator](): Iterator<Upstream> {
    return this.all[Symbol.iterator]()
  }

  close(): void {
    for (const upstream of this.all) upstream.close()
  }
}

const identity = (bytes: Buffer): Buffer => bytes

export class Upstream {
  private readonly channel: Channel

  constructor(
    readonly address: UpstreamAddress,
    private readonly tokens: ServiceTokens,
    tls: PeerTls,
    log?: Logger,
  ) {
    const { peer } = address
    const client = new Client(address.address, tls.client(peer), { ...channelOptions, ...tls.clientOptions(peer) })
    this.channel = { client, breaker: new Breaker(peer, log) }
  }

  /**
   * @param path as `/holdfast.order.v1.OrderService/Checkout`
   * @param signal gives the call up
   * @throws HoldfastError, UNAVAILABLE at once while the service hangs
   */
  async call(path: string, call: Call, signal?: AbortSignal): Promise<Buffer> {
    const { peer } = this.address
    return inClientSpan(path, peer, call.traceparent, async (traceparent) => {
      const metadata = metadataOf(call, traceparent)
      metadata.set(metadataNames.serviceToken, this.tokens.issueFor(peer))
      const method = { path, requestSerialize: identity, responseDeserialize: identity }
      const { request, deadline } = call
      return (await makeCall(this.channel, method, request, { metadata, deadline, signal })) ?? nothing
    })
  }

  /**
   * {@link call} for an RPC whose answer is a stream.
   * @returns its messages, when it has begun
   * @throws HoldfastError, also while they are read; the signal's reason when that was aborted
   */
  async stream(path: string, call: Call, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
    const metadata = metadataOf(call, call.traceparent)
    metadata.set(metadataNames.serviceToken, this.tokens.issueFor(this.address.peer))
    const { request, deadline } = call
    const stream = this.channel.client.makeServerStreamRequest(path, identity, identity, request, metadata, { deadline })
    return beginStream(stream, signal)
  }

  /**
   * Whether it says of itself that it serves. One that does not may be a replica on its way out: the next is asked as well.
   * @param timeoutMs how long both may take to say so
   */
  async isServing(timeoutMs: number): Promise<boolean> {
    const deadline = Date.now() + timeoutMs
    return (await this.askHealth(deadline)) || this.askHealth(deadline)
  }

  private async askHealth(deadline: number): Promise<boolean> {
    const check = healthService['Check']
    if (check === undefined || !('requestSerialize' in check)) return false
    return new Promise((resolve) => {
      this.channel.client.makeUnaryRequest(
        check.path,
        check.requestSerialize,
        check.responseDeserialize,
        { service: '' },
        { deadline },
        (error, response?: { status?: unknown }) => resolve(!error && response?.status === 'SERVING'),
      )
    })
  }

  close(): void {
    this.channel.client.close()
  }
}

const nothing = Buffer.alloc(0)

function metadataOf(call: Call, traceparent: string | undefined): Metadata {
  const metadata = new Metadata()
  metadata.set(metadataNames.requestId, call.requestId)
  if (call.userToken !== undefined) metadata.set(metadataNames.authorization, `Bearer ${call.userToken}`)
  if (traceparent !== undefined) metadata.set(metadataNames.traceparent, traceparent)
  // In quotes, so that a key which holds quotes itself arrives as it is.
  if (call.idempotencyKey !== undefined) metadata.set(metadataNames.idempotencyKey, `"${call.idempotencyKey}"`)
  return metadata
}
