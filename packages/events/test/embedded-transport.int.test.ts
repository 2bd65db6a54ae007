import { embeddedFixture } from './embedded-fixture'
import { transportContract } from './transport-contract'

transportContract('embedded', embeddedFixture)
