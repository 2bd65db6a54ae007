import { CliProblem } from '../problem'

/**
 * The words of a line as a shell would have them: apart by spaces, with '...' and "..." around what belongs together, and \ before a
 * character that stands for itself. Nothing else is special.
 * @throws CliProblem for a quote that is never closed
 */
export function toWords(line: string): string[] {
  const { words, open } = read(line)
  if (open !== '') throw new CliProblem(`a ${open} is missing`, 'usage')
  return words
}

/** Of a line that is being typed: the words before the cursor, and what there is of the one at it. */
export function toUnfinished(line: string): { before: string[]; partial: string } {
  const { words, open } = read(line)
  const isBetween = open === '' && (line === '' || /(?<!\\)\s$/.test(line))
  return isBetween ? { before: words, partial: '' } : { before: words.slice(0, -1), partial: words.at(-1) ?? '' }
}

function read(line: string): { words: string[]; open: string } {
  const words: string[] = []
  let [word, open]: [string | undefined, string] = [undefined, '']
  for (let index = 0; index < line.length; index++) {
    const character = line[index] ?? ''
    if (character === '\\' && open !== "'") {
      word = (word ?? '') + (line[++index] ?? '')
    } else if (open !== '') {
      if (character === open) open = ''
      else word += character
    } else if (character === '"' || character === "'") {
      open = character
      word ??= ''
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      word = (word ?? '') + character
    }
  }
  if (word !== undefined) words.push(word)
  return { words, open }
}
