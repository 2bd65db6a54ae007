import { embeddedFixture } from './embedded-fixture'
import { loadContract } from './load-contract'

jest.setTimeout(180_000)

loadContract('embedded', embeddedFixture)
