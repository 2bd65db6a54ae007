import { embeddedFixture } from './embedded-fixture'
import { loadContract } from './load-contract'
import { outboxContract } from './outbox-contract'

jest.setTimeout(180_000)

loadContract('embedded', embeddedFixture)
outboxContract('embedded', embeddedFixture)
