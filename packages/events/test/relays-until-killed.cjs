// As a service does: publishes what is in the outbox of DATABASE_URL to where its environment says. Tells when it leads.
const { createLog, openDatabase } = require('@holdfast/service')
const { openTransport, startRelay } = require('@holdfast/events')

async function main() {
  const { DATABASE_URL: url, EVENTS_DATABASE_URL, KAFKA_BROKERS } = process.env
  const log = createLog('relay', 'silent')
  const database = await openDatabase({ url, name: 'relay', log })
  const config = { EVENTS_DATABASE_URL, KAFKA_BROKERS: KAFKA_BROKERS?.split(','), KAFKA_SSL: false }
  const transport = await openTransport(config, { service: 'test', log })
  const relay = startRelay({ database, transport, service: 'test', log, batchSize: 20, pollMs: 50 })
  setInterval(() => process.send(relay.leading ? 'leading' : 'waiting'), 20)
}

process.once('disconnect', () => process.exit(0))
void main()
