import { AuthServiceService } from '@holdfast/contracts/auth'
import { DemoServiceService } from '@holdfast/contracts/demo'
import { InventoryServiceService } from '@holdfast/contracts/inventory'
import {
  createPeer,
  createServiceTokens,
  createUserTokens,
  jwksKeys,
  openExternalIssuer,
  openPeerTls,
  runService,
  startGrpcServer,
  startTelemetry,
} from '@holdfast/service'

import { readDemoConfig } from './config'
import { serviceName as name } from './parts'
import { demoRpc } from './rpc'
import { Sales } from './sales'

void runService(name, async (onStop) => {
  const config = readDemoConfig()
  const { log, metricsPort } = await startTelemetry(name, config, onStop)
  const tls = openPeerTls(name, config, log)
  onStop(async () => tls.close())

  const users = createUserTokens(jwksKeys(config.JWKS_URL, { ca: tls.ca, log }), openExternalIssuer(config, log))
  const services = createServiceTokens(name, config.SERVICE_PRIVATE_KEY, config.SERVICE_PUBLIC_KEYS)
  const gateway = createPeer(AuthServiceService, { address: config.GATEWAY_ADDR, peer: 'gateway', services, tls, log })
  onStop(() => gateway.close())
  const inventory = createPeer(InventoryServiceService, { address: config.INVENTORY_ADDR, peer: 'inventory', services, tls, log })
  onStop(() => inventory.close())

  const { GATEWAY_URL: gatewayUrl, DEMO_PATIENCE_MS: patienceMs } = config
  const sales = new Sales()
  onStop(async () => sales.stop())
  const server = await startGrpcServer({
    name,
    host: config.GRPC_HOST,
    port: config.GRPC_PORT,
    connectionAgeMs: config.GRPC_CONNECTION_AGE_MAX_MS,
    definition: DemoServiceService,
    handlers: demoRpc({ gateway, inventory, gatewayUrl, patienceMs, sales, log }),
    users,
    services,
    log,
    tls,
  })
  onStop(async () => server.stop())
  return { grpcPort: server.port, metricsPort }
})
