export { type KafkaBroker, startKafkaBroker, useKafka } from './broker'
export { type SecureBroker, startSecureBroker } from './secure-broker'
