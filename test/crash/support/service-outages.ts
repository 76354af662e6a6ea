import type { Lease } from '@leasehold/contract'
import { expect, it } from 'vitest'
import { type ApiClient, makeApiClient } from '../../../scripts/client/api-client.ts'
import { signIn } from '../../../scripts/client/sign-in.ts'
import { startPaperAgents } from './paper-agents.ts'
import { expectAcceptedStands, expectConverged, type PaperWorld, startLoad } from './paper-world.ts'
import { badRefusals, type Seen } from './watch-outage.ts'

export type ServiceOutageParts = {
  readonly world: PaperWorld
  readonly api: ApiClient
  readonly runApi: string
}
export type During = (
  ask: readonly string[],
  end: () => Promise<void> | void,
  lengthMs: number,
) => Promise<Seen>

/** Longer than readiness remembers (5 s), than its question may take (2 s), and than a busy computer adds. */
const outageMs = 20_000
const ask = ['/v1/leases?limit=1', '/v1/quota']
const convergeMs = 45_000

/** What can be done without for a while, where it is a server of its own: nobody who is known notices. */
export function serviceOutages(get: () => ServiceOutageParts, during: During): void {
  it('takes and finishes work while Redis is gone, and says that it is', async () => {
    const { world, runApi } = get()
    const agents = startPaperAgents(world.place, () => runApi)
    const load = startLoad(world)
    const before = world.refusals.length

    const seen = await during(ask, await world.stack.takeQueue(), outageMs)
    await load.end()

    expectServed(seen)
    expect([...seen.failing]).toEqual(['queue'])
    expect(badRefusals(world.refusals.slice(before))).toEqual([])
    await expectAcceptedStands(world)
    await expectConverged(world, convergeMs)
    await agents.stop()
  })

  it('serves who is known, and who signed in just before, while Keycloak hangs, and says that it does', async () => {
    const { world, api } = get()
    // Nobody has seen this token yet.
    const { token } = await signIn(world.platform.issuer, 'olivia', () => {})
    const newcomer = makeApiClient(api.baseUrl, token)

    const thaw = await world.stack.takeIdentity()
    const [seen, leases] = await Promise.all([
      during(ask, thaw, outageMs),
      newcomer.get<{ readonly items: readonly Lease[] }>('/v1/leases?limit=1'),
    ])

    expectServed(seen)
    expect([...seen.failing]).toEqual(['identity'])
    expect(leases.items).toBeInstanceOf(Array)
    const after = await signIn(world.platform.issuer, 'olivia', () => {})
    expect((await makeApiClient(api.baseUrl, after.token).call('GET', '/v1/me')).status).toBe(200)
  })
}

function expectServed({ answers, dead }: Seen): void {
  expect(dead, 'not alive').toEqual([])
  expect(answers.length).toBeGreaterThan(10)
  expect(answers.filter(({ status }) => status !== 200)).toEqual([])
}
