/**
 * `npm run catalogue`: writes what the documents say of events, of the JSON surface and of the command line from the protos, the samples and the program.
 * The client was written before this was built.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describedProgram } from '@holdfast/cli'

import { apiFiles } from './api-files'
import { asyncApi } from './asyncapi'
import { withCommands } from './command-line'
import { withEvents } from './events-page'
import { docsFolder, readSamples } from './samples'

const samples = readSamples()
const page = join(docsFolder, 'events.md')
writeFileSync(join(docsFolder, 'events', 'asyncapi.json'), `${JSON.stringify(asyncApi(samples), undefined, 2)}\n`)
writeFileSync(page, withEvents(readFileSync(page, 'utf8'), samples))
for (const [file, text] of apiFiles()) writeFileSync(join(docsFolder, 'api', file), text)

const commandLine = join(docsFolder, 'command-line.md')
writeFileSync(commandLine, withCommands(readFileSync(commandLine, 'utf8'), describedProgram()))
