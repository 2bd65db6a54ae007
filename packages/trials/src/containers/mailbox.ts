/** A server of mail beside the others, of the image that there is: it takes everything, and prints to whom it went. */

/** As little of RFC 5321 as a client needs that asks for no extension. */
const script = `
  require('node:net').createServer((socket) => {
    let rest = '', inMail = false, to = ''
    const say = (line) => socket.write(line + '\\r\\n')
    const take = (line) => {
      if (inMail) {
        if (line !== '.') return
        inMail = false
        console.log('mail to ' + to)
        return say('250 taken')
      }
      const [verb] = line.toUpperCase().split(' ')
      if (verb === 'RCPT') to = /<(.*)>/.exec(line)[1]
      if (verb === 'QUIT') return socket.end('221 bye\\r\\n')
      inMail = verb === 'DATA'
      say(inMail ? '354 go on' : '250 mailbox')
    }
    socket.on('error', () => undefined).setEncoding('utf8').on('data', (part) => {
      const lines = (rest + part).split('\\r\\n')
      rest = lines.pop()
      lines.forEach(take)
    })
    say('220 mailbox')
  }).listen(2525)
  process.on('SIGTERM', () => process.exit())`

export const mailbox = {
  /** For `SMTP_URL`, in the containers' network. */
  url: 'smtp://mailbox:2525',
  container: {
    image: 'holdfast:${HOLDFAST_VERSION:-0.1.0}',
    pull_policy: 'never',
    profiles: ['mailbox'],
    // The image's own asks for the metrics of a service, and `up --wait` waits for one that says yes.
    healthcheck: { test: ['CMD', 'node', '--version'] },
    // Compose reads a dollar sign as the begin of a variable; there is none.
    command: ['--eval', script],
  },
}
