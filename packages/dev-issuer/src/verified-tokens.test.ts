import { rm } from 'node:fs/promises'
import { makeTokenVerifier } from '@leasehold/identity'
import { tokenVerifierContract } from '../../testing/src/contracts/token-verifier-contract.ts'
import { newFolder, startIssuer } from '../test/with-issuer.ts'
import { signInByDeviceFlow } from './device-flow-client.ts'

tokenVerifierContract('jose with the development issuer', async () => {
  const folder = await newFolder()
  const issuer = await startIssuer(folder)
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  const tokensOf = (name: string) => signInByDeviceFlow(issuer.issuer, name, name)
  return {
    verifier: makeTokenVerifier({ ...issuer, audience: 'leasehold-api', now: Date.now, log }),
    memberToken: async () => (await tokensOf('mia')).accessToken,
    organization: { alias: 'acme', tenantId: 'ten_acme', role: 'member' },
    operatorToken: async () => (await tokensOf('oscar')).accessToken,
    idToken: async () => (await tokensOf('mia')).idToken ?? '',
    foreignAudienceToken: null,
    close: async () => {
      await issuer.stop()
      await rm(folder, { recursive: true })
    },
  }
})
