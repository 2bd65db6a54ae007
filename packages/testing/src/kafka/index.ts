export { type KafkaBroker, startKafkaBroker, useKafka } from './broker'
export { startKafkaCluster } from './cluster'
export { type SecureBroker, startSecureBroker } from './secure-broker'
