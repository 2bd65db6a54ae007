import { sellThroughTest } from './sell-through'

jest.setTimeout(180_000)

sellThroughTest(process.execPath, 'sell-through.ts')
