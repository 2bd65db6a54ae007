import { eventDescriptors, topicDescriptors } from '@holdfast/contracts'

import { commentOf } from '@holdfast/contracts/comments'
import type { Sample } from './samples'

const begin = '<!-- npm run catalogue writes from here on -->'

/** The page with its end written anew: every event, what its proto says of it, and a message of it. */
export function withEvents(page: string, samples: ReadonlyMap<string, Sample>): string {
  const [own, ...written] = page.split(begin)
  if (own === undefined || written.length !== 1) throw new Error(`the page has no line ${begin}`)
  const sections = topicDescriptors().map(({ name, key }) => topicSection(name, key, samples))
  return `${own}${begin}\n\n${sections.join('\n')}`
}

function topicSection(topic: string, key: string, samples: ReadonlyMap<string, Sample>): string {
  const events = eventDescriptors()
    .filter((event) => event.topic === topic)
    .map(({ type, desc }) => {
      const comment = commentOf(desc)
      return [`#### ${type}`, comment, `\`${desc.typeName}\``, rendered(samples.get(type))]
        .filter((part) => part !== '')
        .join('\n\n')
    })
  return [`### ${topic}`, `Keyed by ${key}.`, ...events, ''].join('\n\n').trimEnd().concat('\n')
}

function rendered(sample: Sample | undefined): string {
  if (sample === undefined) return ''
  const headers = Object.entries(sample.headers).map(([name, value]) => `${name}: ${value}`)
  return ['```text', `key: ${sample.key}`, ...headers, '', JSON.stringify(sample.value), '```'].join('\n')
}
