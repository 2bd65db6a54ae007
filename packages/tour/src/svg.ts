import type { Film, Run, Shown } from './film'

/** In the units of the picture; a column is as wide as a character of the usual fonts with a fixed width. */
const [fontSize, columnWidth, lineHeight, margin, bar] = [14, 8.43, 20, 16, 34]
/** The end stays for so long, then it begins again, in ms. */
const restMs = 6_000
/** Of a terminal, on a dark ground, with enough contrast for small letters. */
const colours = [
  ['#6e7681', '#ff7b72', '#7ee787', '#e3b341', '#79c0ff', '#d2a8ff', '#76e3ea', '#e6edf3'],
  ['#8b949e', '#ffa198', '#9be9a8', '#f2cc60', '#a5d6ff', '#e2c5ff', '#b3f0ff', '#ffffff'],
].flat()

/**
 * A recording as a picture that moves by CSS alone, as README files show it. For those who want no movement it is the end of the recording.
 * @param title for those who don't see it
 */
export function svgOf(film: Film, title: string): string {
  const totalMs = film.endsAt + restMs
  const moment = (ms: number): string => `${+((ms / totalMs) * 100).toFixed(3)}%`
  const width = Math.ceil(film.columns * columnWidth + 2 * margin)
  const inside = film.rows * lineHeight
  const times = new Map<string, string>()
  const nameOf = (span: Shown): string => {
    const key = `${span.from} ${span.until}`
    const name = times.get(key) ?? `t${times.size}`
    times.set(key, name)
    return name
  }
  const texts = film.shown.map((span) => {
    const isLast = span.until === undefined
    return `<text class="${nameOf(span)}${isLast ? ' z' : ''}" y="${(span.line + 1) * lineHeight - 5}">${span.runs.map(drawn).join('')}</text>`
  })
  const rules = [...times].map(([key, name]) => {
    const [from, until] = key.split(' ').map(Number) as [number, number]
    const on = 'visibility:visible'
    const frames = Number.isNaN(until)
      ? `${moment(from)},to{${on}}`
      : `${moment(from)}{${on}}${moment(until)},to{visibility:hidden}`
    return `.${name}{animation-name:${name}}@keyframes ${name}{${frames}}`
  })
  const moves = film.windows.map(({ line, from }) => `${moment(from)}{transform:${moved(line)}}`)
  const last = moved(film.windows.at(-1)?.line ?? 0)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${escaped(title)}" viewBox="0 0 ${width} ${inside + margin + bar}" width="${width}">`,
    '<style>',
    `text{font:${fontSize}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#e6edf3;visibility:hidden}`,
    `text,.w{animation:${totalMs}ms step-end infinite}`,
    `.w{animation-name:w;transform:${last}}@keyframes w{${moves.join('')}to{transform:${last}}}`,
    usedColours(film),
    '.b{font-weight:700}.f{fill-opacity:.65}',
    ...rules,
    '@media(prefers-reduced-motion:reduce){text,.w{animation:none}.z{visibility:visible}}',
    '</style>',
    '<rect width="100%" height="100%" rx="8" fill="#0d1117"/>',
    ...['#ff5f57', '#febc2e', '#28c840'].map((fill, index) => `<circle cx="${20 + index * 20}" cy="18" r="6" fill="${fill}"/>`),
    `<svg x="${margin}" y="${bar}" width="${width - 2 * margin}" height="${inside}"><g class="w">`,
    ...texts,
    '</g></svg>',
    '</svg>',
    '',
  ].join('\n')
}

const moved = (line: number): string => `translateY(${0 - line * lineHeight}px)`

function drawn({ column, text, colour, bold, faint }: Run): string {
  const classes = [...(colour === undefined ? [] : [`c${colour}`]), ...(bold ? ['b'] : []), ...(faint ? ['f'] : [])]
  const look = classes.length === 0 ? '' : ` class="${classes.join(' ')}"`
  return `<tspan x="${+(column * columnWidth).toFixed(1)}"${look}>${escaped(text)}</tspan>`
}

function usedColours({ shown }: Film): string {
  const used = new Set(shown.flatMap(({ runs }) => runs.flatMap(({ colour }) => colour ?? [])))
  return [...used].map((colour) => `.c${colour}{fill:${colours[colour]}}`).join('')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
