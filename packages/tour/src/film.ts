import { type IBufferCell, type IBufferLine, Terminal } from '@xterm/headless'

import type { Cast } from './cast'

/** Text of one look, without two spaces beside each other. */
export interface Run {
  column: number
  text: string
  /** One of the sixteen colours of a terminal, if not its usual one. */
  colour: number | undefined
  bold: boolean
  faint: boolean
}

/** What stood in a line for some time. */
export interface Shown {
  /** From the first line of the whole recording on. */
  line: number
  runs: Run[]
  /** In ms since its beginning. */
  from: number
  /** Undefined: to the end. */
  until: number | undefined
}

/** A recording as one long page, over which a window moves. */
export interface Film {
  columns: number
  rows: number
  shown: Shown[]
  /** Which line is the first in the window, from when on, in ms. */
  windows: { line: number; from: number }[]
  /** Of the last change, in ms. */
  endsAt: number
}

/** Changes that are nearer to each other are one, in ms: eyes see no more, and the file has to be small. */
const frameMs = 90
/** Lines that may have gone out of the window. */
const scrollback = 10_000

/**
 * Plays a recording on a terminal without a screen, and looks what is there after each change.
 * @throws Error for a colour that is none of the sixteen
 */
export async function filmOf(cast: Cast): Promise<Film> {
  const { columns, rows } = cast
  const terminal = new Terminal({ cols: columns, rows, scrollback, allowProposedApi: true })
  const film: Film = { columns, rows, shown: [], windows: [], endsAt: 0 }
  const current: (Shown & { look: string })[] = []
  for (const { at, text } of frames(cast)) {
    await new Promise<void>((resolve) => terminal.write(text, resolve))
    const { baseY, length } = terminal.buffer.active
    const before = film.windows.at(-1)?.line ?? 0
    if (film.windows.length === 0 || baseY !== before) film.windows.push({ line: baseY, from: at })
    // What went out of the window changes no more.
    for (let line = before; line < length; line++) {
      const runs = runsOf(terminal.buffer.active.getLine(line), terminal.buffer.active.getNullCell())
      const look = JSON.stringify(runs)
      const old = current[line]
      if (look === (old?.look ?? '[]')) continue
      if (old !== undefined) film.shown.push({ ...withoutLook(old), until: at })
      current[line] = { line, runs, from: at, until: undefined, look }
    }
    film.endsAt = at
  }
  terminal.dispose()
  film.shown.push(...Object.values(current).map(withoutLook))
  film.shown = film.shown.filter(({ runs }) => runs.length > 0)
  return film
}

const withoutLook = ({ line, runs, from, until }: Shown): Shown => ({ line, runs, from, until })

/** What comes within one frame is shown at its end. */
function frames({ events }: Cast): { at: number; text: string }[] {
  const joined: { at: number; text: string }[] = []
  let begunAt = -Infinity
  for (const { at, text } of events) {
    const last = joined.at(-1)
    if (last !== undefined && at - begunAt < frameMs) {
      last.text += text
      last.at = at
    } else {
      joined.push({ at, text })
      begunAt = at
    }
  }
  return joined
}

function runsOf(line: IBufferLine | undefined, cell: IBufferCell): Run[] {
  const runs: Run[] = []
  let [open, spaces]: [Run | undefined, number] = [undefined, 0]
  for (let column = 0; column < (line?.length ?? 0); column++) {
    line?.getCell(column, cell)
    // The second half of a wide character.
    if (cell.getWidth() === 0) continue
    const text = cell.getChars()
    if (text === '' || text === ' ') {
      spaces++
      continue
    }
    const look = { colour: colourOf(cell), bold: cell.isBold() !== 0, faint: cell.isDim() !== 0 }
    if (open !== undefined && spaces < 2 && isAlike(open, look)) {
      open.text += ' '.repeat(spaces) + text
    } else {
      open = { column, text, ...look }
      runs.push(open)
    }
    spaces = 0
  }
  return runs
}

const isAlike = (one: Omit<Run, 'column' | 'text'>, other: Omit<Run, 'column' | 'text'>): boolean =>
  one.colour === other.colour && one.bold === other.bold && one.faint === other.faint

function colourOf(cell: IBufferCell): number | undefined {
  if (cell.isFgDefault()) return undefined
  if (!cell.isFgPalette() || cell.getFgColor() > 15) throw new Error('only the sixteen colours of a terminal are drawn')
  return cell.getFgColor()
}
