// Behaves towards the launcher as a service does: says when it serves, ends when its channel closes.
const { createServer } = require('node:http')

if (process.env.FAKE_FAILS === 'yes') {
  process.stderr.write('the configuration is wrong\nFAKE_FAILS: must not be yes\n')
  process.exit(1)
}

const end = () => process.exit(0)
process.once('SIGTERM', end)
process.once('disconnect', end)

const port = process.env.HOLDFAST_PORT
if (port === undefined) {
  setInterval(() => undefined, 1000)
  process.send({ type: 'ready', grpcPort: Number(process.env.GRPC_PORT) })
} else {
  const server = createServer((_request, response) => response.end(JSON.stringify(process.env)))
  server.listen(Number(port), process.env.HOLDFAST_HOST, () => process.send({ type: 'ready', httpPort: Number(port) }))
}
