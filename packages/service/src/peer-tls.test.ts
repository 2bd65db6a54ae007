import { createLog } from './log'
import { openPeerTls, type PeerTlsConfig, plaintext } from './peer-tls'

const log = createLog('test', 'silent')
const here: PeerTlsConfig = { GRPC_HOST: '127.0.0.1', PEER_PLAINTEXT: 'loopback' }

test('plaintext is fine on one machine', () => {
  const config = { ...here, INVENTORY_ADDR: 'ipv4:127.0.0.1:1,127.0.0.1:2', JWKS_URL: 'http://localhost:8080/keys' }
  expect(openPeerTls('order', config, log)).toBe(plaintext)
})

test('plaintext that would leave the machine stops the start, and every variable by which it would is named', () => {
  const keys = { JWKS_URL: 'http://gateway:8080/keys', OIDC_JWKS_URL: 'http://login.example/keys' }
  const config = { ...here, GRPC_HOST: '0.0.0.0', INVENTORY_ADDR: 'inventory:50051', ...keys }
  expect(() => openPeerTls('order', config, log)).toThrow(
    /^GRPC_HOST: plaintext on 0\.0\.0\.0 .*\nINVENTORY_ADDR: plaintext to inventory:50051 .*\nJWKS_URL: plaintext to http:.*\nOIDC_JWKS_URL: /,
  )
  expect(() => openPeerTls('order', { ...here, GRPC_HOST: '::' }, log)).toThrow(
    'PEER_TLS_CERT and PEER_TLS_KEY, or PEER_PLAINTEXT=allow',
  )
})

test('plaintext that would leave the machine is fine where it is said explicitly', () => {
  const config = { ...here, GRPC_HOST: '0.0.0.0', INVENTORY_ADDR: 'inventory:50051', PEER_PLAINTEXT: 'allow' as const }
  expect(openPeerTls('order', config, log)).toBe(plaintext)
})

test('half of what TLS needs is named', () => {
  expect(() => openPeerTls('order', { ...here, PEER_TLS_CA: 'pem' }, log)).toThrow(
    'PEER_TLS_CA, PEER_TLS_CERT and PEER_TLS_KEY: all are needed, or none',
  )
})
