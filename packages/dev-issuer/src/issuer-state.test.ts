import { rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newFolder, postForm, startIssuer, withIssuer } from '../test/with-issuer.ts'
import { signInByDeviceFlow } from './device-flow-client.ts'

let folder: string
beforeEach(async () => {
  folder = await newFolder()
})
afterEach(() => rm(folder, { recursive: true }))

describe('the state of the development issuer', () => {
  it('keeps keys and refresh tokens over a restart, readable by their owner only', async () => {
    const first = await withIssuer(
      async ({ issuer, jwksUrl }) => ({
        keys: await (await fetch(jwksUrl)).json(),
        refreshToken: (await signInByDeviceFlow(issuer, 'mia', 'mia')).refreshToken ?? '',
        port: Number(new URL(issuer).port),
      }),
      { folder },
    )

    await withIssuer(
      async ({ jwksUrl, tokenUrl }) => {
        const refreshed = await postForm(tokenUrl, {
          grant_type: 'refresh_token',
          client_id: 'leasehold-cli',
          refresh_token: first.refreshToken,
        })

        expect(await (await fetch(jwksUrl)).json()).toEqual(first.keys)
        expect(decodeJwt(refreshed.body.access_token ?? '')).toMatchObject({
          preferred_username: 'mia',
          organization: { acme: { groups: ['/member'] } },
        })
      },
      { folder, port: first.port },
    )
    for (const file of ['issuer.json', 'grants.json'])
      expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600)
  })

  it('refuses damaged state and says what to do', async () => {
    await writeFile(join(folder, 'issuer.json'), '{"signingKey":{}}')

    await expect(startIssuer(folder)).rejects.toThrow('Remove it')
  })

  it('starts with sign-ins that cannot be read', async () => {
    await writeFile(join(folder, 'grants.json'), '[[')

    await withIssuer(
      async ({ issuer }) => {
        expect((await signInByDeviceFlow(issuer, 'mia', 'mia')).accessToken).toContain('.')
      },
      { folder },
    )
  })
})
