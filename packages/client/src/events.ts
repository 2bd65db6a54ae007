/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), as far as Holdfast writes them. */
import { HoldfastApiError, type Problem } from './problem.ts'

/**
 * The messages of a stream, until it ends.
 * @throws HoldfastApiError for an event that is an error
 */
export async function* messagesOf(body: ReadableStream<Uint8Array>): AsyncGenerator {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      text += decoder.decode(value, { stream: true })
      const events = text.split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) {
        const { name, data } = parseEvent(event)
        if (data === '') continue
        const json: unknown = JSON.parse(data)
        if (name === 'error') throw new HoldfastApiError(json as Problem)
        yield json
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

function parseEvent(text: string): { name: string; data: string } {
  const lines = text.split('\n').map((line) => /^(event|data): ?(.*)$/.exec(line))
  const of = (field: string): string[] => lines.flatMap((line) => (line?.[1] === field ? [line[2] ?? ''] : []))
  return { name: of('event')[0] ?? 'message', data: of('data').join('\n') }
}
