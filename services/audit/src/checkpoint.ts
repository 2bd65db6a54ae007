/** Signed ends of the log: what a hash chain alone can't show, a tail that was cut off, is missed by whoever kept one. */
import { createPublicKey } from 'node:crypto'

import type { AuditCheckpoint } from '@holdfast/contracts/audit'
import { HoldfastError } from '@holdfast/service'
import jwt from 'jsonwebtoken'
import { z } from 'zod'

import type { Head } from './chain'

/** No token of ours has this type, so neither can stand for the other. */
const typ = 'audit-checkpoint+jwt'

const claims = z.object({ sequence: z.string().regex(/^\d{1,18}$/), hash: z.string().regex(/^[\da-f]{64}$/), iat: z.number() })

export interface CheckpointKey {
  sign(head: Head): AuditCheckpoint
  /** What a signature says. @throws INVALID_ARGUMENT for one that was not made with this key */
  read(signature: string): Head
}

/** @param privateKeyPem ES256, the service's own */
export function createCheckpointKey(privateKeyPem: string): CheckpointKey {
  const publicKey = createPublicKey(privateKeyPem)
  return {
    sign: ({ sequence, hash }) => {
      const at = new Date()
      const iat = Math.floor(at.getTime() / 1000)
      const content = { sequence: sequence.toString(), hash, iat }
      const signature = jwt.sign(content, privateKeyPem, { algorithm: 'ES256', issuer: 'audit', header: { alg: 'ES256', typ } })
      return { sequence, hash, at, signature }
    },
    read: (signature) => {
      try {
        const { header, payload } = jwt.verify(signature, publicKey, { algorithms: ['ES256'], issuer: 'audit', complete: true })
        if (header.typ !== typ) throw new Error(`its type is ${header.typ}`)
        const { sequence, hash } = claims.parse(payload)
        return { sequence: BigInt(sequence), hash }
      } catch (error) {
        const fields = [{ field: 'checkpoint', message: 'is no signature of a checkpoint of this service' }]
        throw new HoldfastError('INVALID_ARGUMENT', `checkpoint: ${fields[0]?.message}`, { fields, cause: error })
      }
    },
  }
}
