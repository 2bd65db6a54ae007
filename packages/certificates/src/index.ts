export { issueCertificate, type KeyPair, makeAuthority, type Validity } from './authority'
export { type CertificateOptions, type CertificatePaths, certificatePaths, makeCertificates } from './development'
