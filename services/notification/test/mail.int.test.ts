import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'

import { waitFor } from '@holdfast/testing'
import { SMTPServer } from 'smtp-server'

import { event, openWorld, type Process, type World } from './world'

interface Mail {
  to: string
  from: string
  text: string
  messageId: string
}

let world: World
let service: Process
let server: SMTPServer
const mails: Mail[] = []
/** What the server does with a mail. */
let refuse: (mail: Mail) => Error | undefined = () => undefined
/** It takes mails and says nothing. */
let silent = false
const user = randomUUID()

const env = () => ({
  SMTP_URL: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
  MAIL_FROM: 'Shop <orders@shop.example>',
  RESERVATION_REMINDER_SECONDS: '3',
})

beforeAll(async () => {
  world = await openWorld()
  world.addresses.set(user, 'sam@people.example')
  server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, session, done) => {
      let text = ''
      stream.on('data', (part: Buffer) => (text += part.toString()))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        const mail = {
          to: rcptTo.map(({ address }) => address).join(),
          from: mailFrom === false ? '' : mailFrom.address,
          text: text.replaceAll('=\r\n', ''),
          messageId: /^Message-ID: (.*)$/im.exec(text)?.[1] ?? '',
        }
        const error = refuse(mail)
        if (error === undefined) mails.push(mail)
        if (!silent) done(error)
      })
    },
  })
  // A client that was killed.
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  service = await world.start(env())
})
afterAll(async () => {
  await world.close()
  await new Promise<void>((resolve) => {
    server.close(resolve)
  })
})
beforeEach(() => {
  silent = false
  refuse = () => undefined
})

const about = (id: string) => mails.filter(({ text }) => text.includes(id))
const lines = [{ sku: 'CAMERA001', quantity: 2 }]

function confirmed(id: string, change: { at?: Date; userId?: string } = {}) {
  const total = { currency: 'USD', amountMinor: '319998' }
  const after = { id, userId: change.userId ?? user, lines, total, status: 'CONFIRMED' }
  return event('holdfast.order.confirmed.v1', id, 2, { after }, { at: change.at ?? new Date() })
}

function reservation(what: string, id: string, version: number, endsInMs: number) {
  const after = { id, userId: user, lines, expiresAt: new Date(Date.now() + endsInMs).toISOString() }
  return event(`holdfast.reservation.${what}.v1`, id, version, { after })
}

async function untilMailed(id: string, count = 1): Promise<Mail[]> {
  await waitFor(() => about(id).length >= count, { what: `${count} mails about ${id}`, timeoutMs: 30_000 })
  return about(id)
}

/** A mail for something later is there: one for something earlier would have been before it. */
async function settle(): Promise<void> {
  const marker = randomUUID()
  await world.publish([confirmed(marker)])
  await untilMailed(marker)
}

test('a confirmed order is told of once, however often the event comes', async () => {
  const id = randomUUID()
  const told = confirmed(id)
  await world.publish([told])
  const [mail] = await untilMailed(id)
  await world.publish([told, confirmed(id)])
  await settle()
  expect(about(id)).toHaveLength(1)
  expect(mail).toMatchObject({ to: 'sam@people.example', from: 'orders@shop.example' })
  expect(mail?.text).toContain('Subject: Your order is confirmed')
  expect(mail?.text).toContain('2 x CAMERA001')
  expect(mail?.text).toContain('USD 3,199.98')
  expect(mail?.messageId).toMatch(/^<[\da-f-]{36}@shop\.example>$/)
})

test('two processes tell of each order once', async () => {
  const second = await world.start(env())
  const ids = Array.from({ length: 30 }, () => randomUUID())
  await world.publish(ids.map((id) => confirmed(id)))
  for (const id of ids) await untilMailed(id)
  await settle()
  expect(ids.map((id) => about(id).length)).toEqual(ids.map(() => 1))
  await second.kill('SIGTERM')
})

test('a server that is busy is asked again, with the same Message-ID; one that refuses for good is not', async () => {
  const [busy, refused] = [randomUUID(), randomUUID()]
  const tries: Mail[] = []
  refuse = (mail) => {
    tries.push(mail)
    if (mail.text.includes(refused)) return Object.assign(new Error('no such mailbox'), { responseCode: 550 })
    const first = tries.filter(({ text }) => text.includes(busy)).length === 1
    return first ? Object.assign(new Error('try later'), { responseCode: 451 }) : undefined
  }
  await world.publish([confirmed(busy), confirmed(refused)])
  await untilMailed(busy)
  const triesOf = (id: string) => tries.filter(({ text }) => text.includes(id))
  expect(new Set(triesOf(busy).map(({ messageId }) => messageId)).size).toBe(1)
  expect(triesOf(busy)).toHaveLength(2)
  await settle()
  expect(triesOf(refused)).toHaveLength(1)
  const rows = await world.query<{ status: string; problem: string }>(
    `select status, problem from notices where subject = '${refused}'`,
  )
  expect(rows).toEqual([{ status: 'DROPPED', problem: expect.stringContaining('refused') as string }])
})

test('a reservation is told of shortly before it lapses, and again for its new end when it is extended', async () => {
  const id = randomUUID()
  await world.publish([reservation('created', id, 1, 6_500)])
  const [mail] = await untilMailed(id)
  expect(mail?.text).toContain('Subject: Your reservation is about to lapse')
  await world.publish([reservation('extended', id, 2, 7_000)])
  const both = await untilMailed(id, 2)
  expect(both[0]?.messageId).not.toBe(both[1]?.messageId)
})

test('a reservation that ended is not told of, even if the event of its beginning comes later; nor one that lives a moment', async () => {
  const [cancelled, parked, short, last] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()]
  await world.publish([reservation('created', cancelled, 1, 6_500), reservation('cancelled', cancelled, 2, 0)])
  await world.publish([reservation('committed', parked, 2, 0)])
  await waitFor(async () => (await world.query(`select from notices where subject = '${parked}'`)).length > 0, {
    what: 'its end to be known',
  })
  await world.publish([reservation('created', parked, 1, 6_500)])
  await world.publish([reservation('created', short, 1, 5_000), reservation('created', last, 1, 7_000)])
  await untilMailed(last)
  expect([cancelled, parked, short].map((id) => about(id).length)).toEqual([0, 0, 0])
})

test('nobody is told of what is long past, and what has no address is dropped', async () => {
  const [old, nobody] = [randomUUID(), randomUUID()]
  await world.publish([
    confirmed(old, { at: new Date(Date.now() - 2 * 86_400_000) }),
    confirmed(nobody, { userId: randomUUID() }),
  ])
  await settle()
  const problems = await waitFor(
    async () => {
      const rows = await world.query<{ status: string; problem: string }>(
        `select status, problem from notices where subject in ('${old}', '${nobody}') order by send_at`,
      )
      return rows.every(({ status }) => status === 'DROPPED') && rows.map(({ problem }) => problem).sort()
    },
    { what: 'both to be dropped' },
  )
  expect(problems).toEqual(['it is too late', 'there is no such user'])
  expect([...about(old), ...about(nobody)]).toEqual([])
})

test('kill -9 while mails go out: each is there, and what came twice has one Message-ID', async () => {
  const ids = Array.from({ length: 60 }, () => randomUUID())
  silent = true
  await world.publish(ids.map((id) => confirmed(id)))
  await waitFor(() => ids.some((id) => about(id).length > 0), { what: 'the first' })
  const taken = ids.filter((id) => about(id).length > 0)
  await service.kill()
  silent = false
  service = await world.start(env())
  // What was claimed by the one that died is free again after its time; here it is made free at once.
  await world.query(`update notices set send_at = now() where status = 'WAITING'`)
  for (const id of ids) await untilMailed(id, taken.includes(id) ? 2 : 1)
  for (const id of ids) expect(new Set(about(id).map(({ messageId }) => messageId)).size).toBe(1)
})
