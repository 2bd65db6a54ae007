export { apiFiles } from './api-files'
export { asyncApi } from './asyncapi'
export { withEvents } from './events-page'
export { docsFolder, readSamples, type Sample, writeSamples } from './samples'
