export { type KafkaBroker, startKafkaBroker, useKafka } from './broker'
