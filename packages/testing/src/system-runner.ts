import TestRunner from 'jest-runner'

type RunTests = TestRunner['runTests']
type Arguments = ConstructorParameters<typeof TestRunner>

/** Whole systems that run at once: each is many processes, while a file with a database alone waits half of its time. */
const systemsAtOnce = 2

/** What takes longest. Begun last, one of them would go on alone; jest knows of times only where it has run before. */
const longest = [
  'bench',
  'crash-points',
  'console',
  'kafka',
  'commands',
  'consistency',
  'growth',
  'console-operator',
  'large-history',
  'checkout',
].map((name) => `/${name}.e2e.test.ts`)

/** A runner of its own: jest has done with the files of one before it begins with those of the next. */
export default class SystemRunner extends TestRunner {
  constructor(globalConfig: Arguments[0], context: Arguments[1]) {
    super({ ...globalConfig, maxWorkers: Math.min(globalConfig.maxWorkers, systemsAtOnce) }, context)
  }

  override async runTests(...[tests, ...rest]: Parameters<RunTests>): ReturnType<RunTests> {
    return super.runTests(longestFirst(tests), ...rest)
  }
}

/** The others stay in the order that jest has found. */
export function longestFirst<File extends { path: string }>(files: File[]): File[] {
  const place = ({ path }: File): number => {
    const index = longest.findIndex((name) => path.replaceAll('\\', '/').endsWith(name))
    return index === -1 ? longest.length : index
  }
  return files.toSorted((a, b) => place(a) - place(b))
}
