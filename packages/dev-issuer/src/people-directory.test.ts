import { rm } from 'node:fs/promises'
import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { memberDirectoryContract } from '../../testing/src/contracts/member-directory-contract.ts'
import { newFolder, startIssuer } from '../test/with-issuer.ts'
import { signInByCode } from './code-flow-client.ts'
import { openPeopleDirectory } from './people-directory.ts'

memberDirectoryContract('development issuer', async () => {
  const folder = await newFolder()
  return {
    directory: await openPeopleDirectory(folder),
    close: () => rm(folder, { recursive: true }),
  }
})

describe('the people of the development issuer', () => {
  it('who are let in can sign in at once, and after a restart', async () => {
    const folder = await newFolder()
    const tenant = { id: 'ten_initech' as never, slug: 'initech', name: 'Initech' }
    const email = 'nora@initech.example'
    const first = await startIssuer(folder)
    await first.members.add(tenant, { email, name: 'Nora New', role: 'owner' })
    const before = await signInByCode(first.issuer, email, email)
    await first.stop()

    const second = await startIssuer(folder)
    const after = await signInByCode(second.issuer, email, email)
    await second.stop()
    await rm(folder, { recursive: true })

    for (const { accessToken } of [before, after])
      expect(decodeJwt(accessToken).organization).toMatchObject({
        initech: { tenant_id: ['ten_initech'], groups: ['/owner'] },
      })
  })
})
