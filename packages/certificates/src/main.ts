/** `npm run certificates`: an authority and a certificate for each service, for development and tests. */
import { isAbsolute, join } from 'node:path'

import { workspaceRoot } from '@holdfast/launcher'
import { Command, InvalidArgumentError } from 'commander'

import { certificatePaths, makeCertificates } from './development'

interface Options {
  folder: string
  days: number
  host: string[]
  client: string[]
}

const list = (value: string, before: string[]) => [...before, value]

function wholeDays(text: string): number {
  const days = Number(text)
  if (!Number.isInteger(days) || days < 1 || days > 365)
    throw new InvalidArgumentError('It must be a whole number from 1 to 365.')
  return days
}

const program = new Command('certificates')
  .description('Makes a certificate authority (kept, if it is there) and a short-lived certificate for each service.')
  .option('--folder <path>', 'where they are written', join('.holdfast', 'certificates'))
  .option('--days <number>', 'how long they are good', wholeDays, 30)
  .option('--host <name>', 'a further host name or IP address for each; may be repeated', list, [])
  .option('--client <name>', 'a further certificate, as for a client that calls services; may be repeated', list, [])

async function main(): Promise<void> {
  const options = program.parse().opts<Options>()
  const folder = isAbsolute(options.folder) ? options.folder : join(workspaceRoot(), options.folder)
  const { days, host: hosts, client: clients } = options
  const names = await makeCertificates({ folder, days, hosts, clients })
  const shown = certificatePaths(folder)
  const { cert, key } = shown.of('<service>')
  const lines = [
    `Certificates for ${names.join(', ')}: good for ${days} days, then run this again; services take them up by themselves.`,
    'Between services, for each:',
    `  PEER_TLS_CA_FILE=${shown.ca} PEER_TLS_CERT_FILE=${cert} PEER_TLS_KEY_FILE=${key}`,
    'For the listener of the gateway:',
    `  HOLDFAST_TLS_CERT_FILE=${shown.of('gateway').cert} HOLDFAST_TLS_KEY_FILE=${shown.of('gateway').key}`,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
