import { consumerContract } from './consumer-contract'
import { embeddedFixture } from './embedded-fixture'

consumerContract('embedded', embeddedFixture)
