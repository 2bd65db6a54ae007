/** Answers at once: what the load generator and node:http can do when there is no work. */
import { runProgram, serveJson } from './program'

runProgram(async () => serveJson(async () => Promise.resolve({ status: 201, body: { reservation: { id: 'none' } } })))
