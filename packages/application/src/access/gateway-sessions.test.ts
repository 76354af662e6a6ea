import type { LeaseId, MemberId, TenantId } from '@leasehold/domain'
import { aLeaseRequest, aPlatform } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeReleaseLease } from '../leases/release-lease.ts'
import { makeRequestLease } from '../leases/request-lease.ts'
import { makeRestartLease } from '../leases/restart-lease.ts'
import {
  makeExchangeJupyterCode,
  makeResolveJupyterSession,
  makeRevokeAccess,
} from './gateway-sessions.ts'
import { makeOpenJupyterLink } from './open-jupyter-link.ts'

async function withLink() {
  const platform = await aPlatform()
  const parts = { ...platform, jupyterOrigin: (id: LeaseId) => `http://${id}.localhost:8082` }
  const lease = await makeRequestLease(platform)(aLeaseRequest())
  await platform.settle()
  const { tenantId, createdBy: memberId, id: leaseId } = lease
  const command = { tenantId, memberId, leaseId }
  const link = await makeOpenJupyterLink(parts)(command)
  return {
    platform,
    parts,
    command,
    leaseId,
    link,
    code: link.url.split('/').at(-1) ?? '',
    exchange: makeExchangeJupyterCode(parts),
    resolve: makeResolveJupyterSession(parts),
  }
}

describe('a link to Jupyter', () => {
  it('opens the machine once, with the token that only the gateway knows', async () => {
    const { platform, leaseId, link, code, exchange, resolve } = await withLink()
    expect(link.url).toContain(`http://${leaseId}.localhost:8082/_leasehold/open/`)

    const { session } = await exchange(leaseId, code)

    expect(await resolve(leaseId, session)).toMatchObject({
      memberId: 'olivia',
      jupyterToken: platform.secrets.jupyterToken(leaseId),
      address: { host: '127.0.0.1' },
    })
    await expect(exchange(leaseId, code)).rejects.toMatchObject({ code: 'access/code-invalid' })
  })

  it('and its session are stored as hashes only', async () => {
    const { platform, leaseId, code, exchange } = await withLink()
    const { session } = await exchange(leaseId, code)
    const stored = JSON.stringify([...platform.memory.codes, ...platform.memory.sessions])

    expect(stored).not.toContain(code)
    expect(stored).not.toContain(session)
  })

  it('is dead after a minute', async () => {
    const { platform, leaseId, code, exchange } = await withLink()
    platform.clock.advance(60_000)

    await expect(exchange(leaseId, code)).rejects.toMatchObject({ code: 'access/code-invalid' })
  })

  it.each(['', 'guess', 'x'.repeat(5_000)])('is not %j', async (guess) => {
    const { leaseId, exchange, resolve } = await withLink()

    await expect(exchange(leaseId, guess)).rejects.toMatchObject({ code: 'access/code-invalid' })
    expect(await resolve(leaseId, guess)).toBeNull()
  })

  it('opens nothing on the origin of another lease', async () => {
    const { leaseId, code, exchange, resolve } = await withLink()
    const other = 'lse_other' as LeaseId
    const { session } = await exchange(leaseId, code)

    expect(await resolve(other, session)).toBeNull()
  })

  it('is not given for another tenant, nor for a machine that is not ready', async () => {
    const { platform, parts, command } = await withLink()
    const open = makeOpenJupyterLink(parts)

    await expect(open({ ...command, tenantId: 'ten_globex' as TenantId })).rejects.toMatchObject({
      code: 'lease/not-found',
    })
    await makeReleaseLease(platform)(command)
    await expect(open({ ...command, memberId: 'mia' as MemberId })).rejects.toMatchObject({
      code: 'lease/action-not-possible',
    })
  })
})

describe('a session', () => {
  it.each([
    { what: 'the lease is released', act: makeReleaseLease },
    { what: 'the lease is restarted, also when it is ready again', act: makeRestartLease },
  ])('is dead once $what', async ({ act }) => {
    const { platform, command, leaseId, code, exchange, resolve } = await withLink()
    const { session } = await exchange(leaseId, code)

    await act(platform)(command)
    expect(await resolve(leaseId, session)).toBeNull()
    await platform.settle()

    expect(await resolve(leaseId, session)).toBeNull()
  })

  it('is dead when it is revoked, and after half a day', async () => {
    const { platform, leaseId, code, exchange, resolve } = await withLink()
    const { session, expiresAt } = await exchange(leaseId, code)

    platform.clock.set(expiresAt)
    expect(await resolve(leaseId, session)).toBeNull()
    platform.clock.set(expiresAt - 1)
    await makeRevokeAccess(platform)(leaseId)

    expect(await resolve(leaseId, session)).toBeNull()
  })
})
