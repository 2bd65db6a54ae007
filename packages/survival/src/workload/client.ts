import type { Random } from '../random'
import type { Asker } from './asker'
import { type Operation, reserveKey } from './history'
import { drawManner, drawStory, type End, type Meanwhile, type Story, warehouses } from './story'

type Shopping = Extract<Story, { is: 'shopping' }>
type Queueing = Extract<Story, { is: 'queueing' }>

/** Who waits in line looks so often whether it is their turn, and so long after one look comes the next, ms. */
const [looksInLine, lookPauseMs] = [6, 500]

/** Lives story after story until it is told to stop; the one under way comes to its end. */
export async function live(asker: Asker, random: Random, stop: AbortSignal): Promise<void> {
  for (let number = 0; !stop.aborted; number++) {
    const ofStory = random.of(number)
    await tell(asker, `c${asker.client}-${number}`, drawStory(ofStory), ofStory)
  }
}

/** @param name makes the keys of its calls its own */
async function tell(asker: Asker, name: string, story: Story, random: Random): Promise<void> {
  const manner = drawManner(random)
  switch (story.is) {
    case 'shopping':
      return shop(asker, name, story, random)
    case 'stocking':
      await asker.ask(name, { do: 'adjust', sku: story.sku, delta: story.delta }, manner)
      return
    case 'moving': {
      const [from, to] = story.back ? [warehouses[1], warehouses[0]] : warehouses
      await asker.ask(name, { do: 'transfer', sku: story.sku, quantity: story.quantity, from, to }, manner)
      return
    }
    case 'looking':
      await asker.ask(name, { do: 'readStock', sku: story.sku }, manner)
      return
    case 'queueing':
      return queue(asker, name, story, random)
  }
}

async function shop(asker: Asker, hold: string, story: Shopping, random: Random): Promise<void> {
  const { lines, ttlSeconds } = story
  const made = await asker.ask(reserveKey(hold), { do: 'reserve', hold, lines, ttlSeconds }, drawManner(random))
  const id = made.answer?.id
  if (id === undefined) return
  for (const [index, step] of story.meanwhile.entries()) {
    const call = callOf(step, hold, lines[0]?.sku ?? '')
    const told = await asker.ask(`${hold}-${step.do}-${index}`, call, drawManner(random), id)
    if (isOver(told)) return
  }
  await end(asker, hold, id, story.end, random)
}

/** What is offered meanwhile is theirs, and has one of the ends that a reservation has; else they go home, and it lapses. */
async function queue(asker: Asker, hold: string, story: Queueing, random: Random): Promise<void> {
  const { sku, quantity } = story
  const joined = await asker.ask(hold, { do: 'joinWaitlist', hold, sku, quantity }, drawManner(random))
  let { answer } = joined
  if (answer?.id === undefined) return
  const entry = answer.id
  for (let look = 0; answer?.status === 'WAITING' && look < looksInLine; look++) {
    const manner = { ...drawManner(random), pauseMs: lookPauseMs }
    answer = (await asker.ask(`${hold}-line-${look}`, { do: 'lookInLine', hold }, manner, entry)).answer
  }
  if (answer?.offered === undefined) return
  const { offered } = answer
  await asker.ask(`${hold}-look`, { do: 'look', hold }, drawManner(random), offered)
  await end(asker, hold, offered, story.end, random)
}

function callOf(step: Meanwhile, hold: string, sku: string) {
  return step.do === 'change' ? { ...step, hold, sku } : { ...step, hold }
}

async function end(asker: Asker, hold: string, id: string, how: End, random: Random): Promise<void> {
  const pay = async (paymentToken: string, name = 'pay') =>
    asker.ask(`${hold}-${name}`, { do: 'checkOut', hold, paymentToken }, drawManner(random), id)
  switch (how) {
    case 'lapse':
      return
    case 'cancel':
      await asker.ask(`${hold}-cancel`, { do: 'cancel', hold }, drawManner(random), id)
      return
    case 'pay':
      await pay('tok_ok')
      return
    case 'pay by callback':
      await pay('tok_callback')
      return
    case 'declined':
      await pay('tok_declined')
      return
    case 'declined, then paid': {
      const declined = await pay('tok_declined')
      if (!isOver(declined)) await pay('tok_ok', 'pay-again')
      return
    }
    case 'returned': {
      const { answer } = await pay('tok_ok')
      if (answer?.id === undefined) return
      await asker.ask(`${hold}-return`, { do: 'cancelOrder', hold }, drawManner(random), answer.id)
    }
  }
}

/** The reservation is not there any more, or nobody knows. */
function isOver({ outcome, code }: Operation): boolean {
  return outcome === 'unknown' || code === 'RESERVATION_EXPIRED' || code === 'RESERVATION_NOT_ACTIVE'
}
