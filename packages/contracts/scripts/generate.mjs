// Makes gen/ from proto/: messages and clients (ts-proto), and the descriptor set that transcoding, access checks and
// reflection read. Nothing in gen/ is edited or committed. It is made again only when its sources have changed.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { checkContract } from './check-contract.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
const gen = join(root, 'packages', 'contracts', 'gen')
const descriptorSet = join(gen, 'descriptors.binpb')
const stamp = join(gen, 'sources.sha256')

// Sent with every refusal, and served by everyone, though no proto of ours imports them: reflection has to know them.
const errorDetails = 'packages/contracts/node_modules/google-proto-files/google/rpc/error_details.proto'
const health = 'packages/contracts/node_modules/grpc-health-check/proto/health/v1/health.proto'

const sources = ['proto/**/*.proto', 'buf.yaml', 'packages/contracts/buf.gen.yaml', 'packages/contracts/package.json']
const hash = createHash('sha256')
for (const file of sources.flatMap((pattern) => globSync(pattern, { cwd: root })).sort()) {
  hash.update(file).update(readFileSync(join(root, file)))
}
const digest = hash.digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== digest) {
  const buf = (...args) => execFileSync('buf', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' })
  buf('generate', '--template', 'packages/contracts/buf.gen.yaml')
  buf(
    'build',
    '--as-file-descriptor-set',
    '--path',
    'proto/holdfast',
    '--path',
    errorDetails,
    '--path',
    health,
    '-o',
    descriptorSet,
  )
  const problems = checkContract(readFileSync(descriptorSet))
  if (problems.length > 0) {
    console.error(problems.map((problem) => `proto: ${problem}`).join('\n'))
    process.exit(1)
  }
  writeFileSync(stamp, digest)
}
