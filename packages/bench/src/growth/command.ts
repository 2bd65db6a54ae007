import { Command, InvalidArgumentError } from 'commander'

import { measureGrowth } from './growth'

interface Options {
  active: number
  closed: number
  rounds: number
  seconds: number
  folder?: string
}

/** `npm run bench -- growth` @param say told what happens, in lines for people */
export function growthCommand(signal: AbortSignal, say: (line: string) => void): Command {
  return new Command('growth')
    .description(
      'Latency with millions of holds in the databases beside that of an empty system; exit code 1 when a table is scanned.',
    )
    .option('--active <n>', 'holds that are HELD', wholeNumber, 1_000_000)
    .option('--closed <n>', 'holds that have ended', wholeNumber, 10_000_000)
    .option('--rounds <n>', 'every figure is the median of so many interleaved runs', wholeNumber, 5)
    .option('--seconds <s>', 'how long each measurement takes', Number, 5)
    .option('--folder <folder>', 'where the filled data goes and stays for the next run; some 25 GB at full size')
    .action(async (options: Options) => {
      const { figures, counted, problems, differences } = await measureGrowth({ ...options, signal, say })
      say('\n| what, ms | empty | grown | grown / empty |\n|---|---:|---:|---:|')
      for (const { what, empty, grown, ratio } of figures) {
        say(`| ${what} | ${empty.toFixed(2)} | ${grown.toFixed(2)} | ${ratio.toFixed(2)} |`)
      }
      say('\n| for 1,000 reservations | empty | grown |\n|---|---:|---:|')
      for (const { what, empty, grown } of counted) say(`| ${what} | ${empty.toFixed(0)} | ${grown.toFixed(0)} |`)
      if (differences !== undefined) say(`\n${differences} differences in the books`)
      for (const problem of problems) say(`PROBLEM: ${problem}`)
      if (problems.length > 0) process.exitCode = 1
    })
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number above 0 is needed')
  return value
}
