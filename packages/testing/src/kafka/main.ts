/** `npm run kafka`: a broker for whoever works on Holdfast, on this machine's Java, until Ctrl-C. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { isPortFree, workspaceRoot } from '@holdfast/launcher'

import { JavaBroker } from './java-broker'

const usualPort = 9092

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { port: { type: 'string', default: String(usualPort) } } })
  const port = Number(values.port)
  if (!(await isPortFree(port, '127.0.0.1')))
    throw new Error(`port ${port} is in use: give another one, npm run kafka -- --port 9192`)
  process.stdout.write('Starting Apache Kafka (the first time, Maven fetches it) ...\n')
  const broker = await JavaBroker.start({ folder: join(workspaceRoot(), '.holdfast', 'kafka'), port })
  process.stdout.write(`
  KAFKA_BROKERS=${broker.brokers} npm start
  kcat -C -b ${broker.brokers} -t holdfast.reservation.v1 -f '%k %h\\n%s\\n'

Data and log are in .holdfast/kafka. Ctrl-C stops it.
`)
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
    // Whoever started us is gone.
    process.once('disconnect', resolve)
  })
  await broker.stop()
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`Kafka could not start: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  },
)
