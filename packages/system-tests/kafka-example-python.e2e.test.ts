import { sellThroughTest } from './sell-through'

jest.setTimeout(180_000)

sellThroughTest('python3', 'sell_through.py')
