/** Mutual TLS between services: both sides show a certificate of one authority, and each must be who it says it is. */
import { X509Certificate } from 'node:crypto'
import type { PeerCertificate } from 'node:tls'

import {
  type ChannelCredentials,
  type ChannelOptions,
  credentials,
  experimental,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  type ServerOptions,
} from '@grpc/grpc-js'
import { LRUCache } from 'lru-cache'

import { Certificates } from './certificates'
import { ConfigError } from './config'
import { metadataNames, saneRequestId } from './context'
import { HoldfastError } from './errors'
import { toGrpcStatus } from './grpc-errors'
import type { Logger } from './log'
import { isLoopbackHost, isLoopbackTarget, isLoopbackUrl } from './loopback'
import type { ServiceTokens } from './tokens'

/** The part of a service's configuration that this is about; its peers are its variables `..._ADDR`. */
export interface PeerTlsConfig {
  GRPC_HOST: string
  JWKS_URL?: string
  OIDC_JWKS_URL?: string
  PEER_TLS_CERT?: string
  PEER_TLS_KEY?: string
  PEER_TLS_CA?: string
  PEER_TLS_CERT_FILE?: string
  PEER_TLS_KEY_FILE?: string
  PEER_TLS_CA_FILE?: string
  PEER_PLAINTEXT: 'loopback' | 'allow'
}

/** How a service speaks to others, and they to it. */
export interface PeerTls {
  /** What the listener takes. */
  server(): ServerCredentials
  serverOptions(services: ServiceTokens): ServerOptions
  /** @param peer the service that is called: the other side's certificate has to name it */
  client(peer: string): ChannelCredentials
  clientOptions(peer: string): ChannelOptions
  /** The authorities of this system; undefined: plaintext. */
  readonly ca: () => string | undefined
  close(): Promise<void>
}

/** Nothing is encrypted, for services on one machine. */
export const plaintext: PeerTls = {
  server: () => ServerCredentials.createInsecure(),
  serverOptions: () => ({}),
  client: () => credentials.createInsecure(),
  clientOptions: () => ({}),
  ca: () => undefined,
  close: async () => Promise.resolve(),
}

/**
 * Mutual TLS where PEER_TLS_CA, _CERT and _KEY are there; else plaintext, which may leave the machine only if
 * PEER_PLAINTEXT allows it.
 * @param self this service's name: its own certificate has to say it
 * @throws ConfigError that names the variable
 */
export function openPeerTls(self: string, config: PeerTlsConfig, log: Logger, everyMs?: number): PeerTls {
  const { PEER_TLS_CERT: cert, PEER_TLS_KEY: key, PEER_TLS_CA: ca } = config
  if (cert === undefined && key === undefined && ca === undefined) {
    if (config.PEER_PLAINTEXT === 'loopback') refusePlaintext(config)
    return plaintext
  }
  if (cert === undefined || key === undefined || ca === undefined) {
    throw new ConfigError('PEER_TLS_CA, PEER_TLS_CERT and PEER_TLS_KEY: all are needed, or none')
  }
  const [unsafe] = config.PEER_PLAINTEXT === 'loopback' ? unsafeKeys(config) : []
  if (unsafe !== undefined) throw new ConfigError(`${unsafe.name}: ${unsafe.url} is not encrypted, and ${howToAllow}`)
  const files = { cert: config.PEER_TLS_CERT_FILE, key: config.PEER_TLS_KEY_FILE, ca: config.PEER_TLS_CA_FILE }
  const certificates = new Certificates({ prefix: 'PEER_TLS', texts: { cert, key, ca }, files, log, everyMs })
  if (!namesService(new X509Certificate(cert), self)) {
    throw new ConfigError(`PEER_TLS_CERT: has no DNS name "${self}", so nobody would take this service for it`)
  }
  const provider = providerOf(certificates)
  return {
    server: () => experimental.createCertificateProviderServerCredentials(provider, provider, true),
    serverOptions: (services) => ({ interceptors: [checkCaller(services)] }),
    client: (peer) =>
      experimental.createCertificateProviderChannelCredentials(provider, provider, {
        checkServerIdentity: (_host, { raw }) =>
          namesService(new X509Certificate(raw), peer) ? undefined : new Error(`its certificate does not name ${peer}`),
      }),
    // Not the address, which may be a number: that must not be sent as a server's name (RFC 6066, 3).
    clientOptions: (peer) => ({ 'grpc.ssl_target_name_override': peer }),
    ca: () => certificates.current.ca,
    close: async () => certificates.close(),
  }
}

const howToAllow = 'leaves this machine: set PEER_TLS_CA, PEER_TLS_CERT and PEER_TLS_KEY, or PEER_PLAINTEXT=allow'

/** @throws ConfigError that names each variable by which something would leave the machine unencrypted */
function refusePlaintext(config: PeerTlsConfig): void {
  const problems: string[] = []
  if (!isLoopbackHost(config.GRPC_HOST)) problems.push(`GRPC_HOST: plaintext on ${config.GRPC_HOST} ${howToAllow}`)
  for (const [name, value] of Object.entries(config)) {
    const isAway = name.endsWith('_ADDR') && typeof value === 'string' && !isLoopbackTarget(value)
    if (isAway) problems.push(`${name}: plaintext to ${value} ${howToAllow}`)
  }
  for (const { name, url } of unsafeKeys(config)) problems.push(`${name}: plaintext to ${url} ${howToAllow}`)
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
}

/** Who could change the keys on their way could make users. */
function unsafeKeys(config: PeerTlsConfig): { name: string; url: string }[] {
  return (['JWKS_URL', 'OIDC_JWKS_URL'] as const).flatMap((name) => {
    const { [name]: url } = config
    return url === undefined || url.startsWith('https:') || isLoopbackUrl(url) ? [] : [{ name, url }]
  })
}

function providerOf(certificates: Certificates): experimental.CertificateProvider {
  const ends = new Map<unknown, () => void>()
  const listen = (listener: unknown, tell: () => void): void => {
    ends.set(listener, certificates.onRenewed(tell))
    // grpc-js expects its first answer after it has finished asking.
    process.nextTick(tell)
  }
  const forget = (listener: unknown): void => {
    ends.get(listener)?.()
    ends.delete(listener)
  }
  return {
    addCaCertificateListener: (listener) =>
      listen(listener, () => listener({ caCertificate: Buffer.from(certificates.current.ca ?? '') })),
    removeCaCertificateListener: forget,
    addIdentityCertificateListener: (listener) =>
      listen(listener, () => {
        const { cert, key } = certificates.current
        listener({ certificate: Buffer.from(cert), privateKey: Buffer.from(key) })
      }),
    removeIdentityCertificateListener: forget,
  }
}

/** A service token counts only over a connection whose certificate names the same service. */
function checkCaller(services: ServiceTokens): ServerInterceptor {
  const judge = createJudge()
  return (_method, call) => {
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        const token = metadata.get(metadataNames.serviceToken)[0]
        try {
          const caller = typeof token === 'string' ? services.verify(token) : undefined
          const certificate = caller === undefined ? undefined : call.getAuthContext().sslPeerCertificate
          if (caller !== undefined && (certificate === undefined || !judge(certificate, caller))) {
            throw new HoldfastError('UNAUTHENTICATED', `The certificate of this connection is not that of ${caller}`)
          }
        } catch (error) {
          const requestId = saneRequestId(metadata.get(metadataNames.requestId)[0])
          call.sendStatus(toGrpcStatus(HoldfastError.from(error), requestId))
          return
        }
        next(metadata)
      })
      .build()
    return new ServerInterceptingCall(call, { start: (next) => next(listener) })
  }
}

/** Remembers its judgements: there are few certificates and many calls. */
function createJudge(): (certificate: PeerCertificate, service: string) => boolean {
  const remembered = new LRUCache<string, boolean>({ max: 1_000 })
  return ({ fingerprint256, raw }, service) => {
    const key = `${fingerprint256} ${service}`
    let named = remembered.get(key)
    if (named === undefined) remembered.set(key, (named = namesService(new X509Certificate(raw), service)))
    return named
  }
}

/** By a DNS name that is exactly the service's; neither a wildcard nor a common name counts. */
function namesService(certificate: X509Certificate, service: string): boolean {
  return certificate.checkHost(service, { subject: 'never', wildcards: false }) !== undefined
}
