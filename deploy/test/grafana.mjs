// Stands in for Grafana where its image can't be had: reads the provisioning as it is mounted, and answers which boards there
// are and what a data source says, at Grafana's paths and in its form. It draws nothing.
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

import { parse } from 'yaml'

const provisioned = (kind) =>
  readdirSync(join('/etc/grafana/provisioning', kind)).map((file) =>
    parse(readFileSync(join('/etc/grafana/provisioning', kind, file), 'utf8')),
  )

const sources = provisioned('datasources').flatMap(({ datasources }) => datasources)
const boards = provisioned('dashboards')
  .flatMap(({ providers }) => providers)
  .flatMap(({ options }) => readdirSync(options.path).map((file) => JSON.parse(readFileSync(join(options.path, file), 'utf8'))))

/** One number for each series, as a table of the newest values. */
async function ask({ refId, datasource, expr }) {
  const source = sources.find(({ uid }) => uid === datasource.uid)
  const reply = await fetch(`${source.url}/api/v1/query?query=${encodeURIComponent(expr)}`)
  const { data } = await reply.json()
  return [refId, { frames: data.result.map(({ value: [at, value] }) => ({ data: { values: [[at * 1000], [Number(value)]] } })) }]
}

const answers = {
  '/api/health': () => ({ database: 'ok' }),
  '/api/search': () => boards.map(({ uid, title }) => ({ uid, title, type: 'dash-db' })),
  '/api/ds/query': async ({ queries }) => ({ results: Object.fromEntries(await Promise.all(queries.map(ask))) }),
}

createServer(async (request, response) => {
  try {
    let text = ''
    for await (const part of request.setEncoding('utf8')) text += part
    const answer = answers[new URL(request.url, 'http://grafana').pathname]
    if (answer === undefined) return response.writeHead(404).end()
    const body = await answer(text === '' ? {} : JSON.parse(text))
    return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  } catch (error) {
    return response.writeHead(500).end(String(error))
  }
}).listen(3000)
process.on('SIGTERM', () => process.exit())
