/** Writes the part of the client that is made from the descriptors. The first step of `npm run catalogue`: what is built on the client need not compile before it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { rpcDescriptors } from '@holdfast/contracts'

import { clientSource } from './client-source'

const packages = join(__dirname, '..', '..', '..')
writeFileSync(join(packages, 'client', 'src', 'api.ts'), clientSource(rpcDescriptors()))
