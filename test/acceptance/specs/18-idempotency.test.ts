import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Lease } from '@leasehold/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PlatformProcess, startPlatform } from '../../../scripts/client/platform-process.ts'
import { waitFor } from '../../../scripts/client/wait-for.ts'
import { machinesTitle, withoutMachines } from '../profiles.ts'
import { platformSettings } from '../support/platform-settings.ts'
import { expectProblem } from '../support/problems.ts'
import { newPublicKey } from '../support/ssh-keys.ts'
import { type Target, tenantApi } from '../support/target.ts'

let stateFolder: string
let platform: PlatformProcess
const logFile = () => path.join(stateFolder, 'platform.log')
const target = (): Target => ({ ...platform, logFile: logFile() })

beforeAll(async () => {
  stateFolder = await mkdtemp(path.join(tmpdir(), 'leasehold-idempotency-'))
  platform = await startPlatform(platformSettings(stateFolder), logFile())
})
afterAll(async () => {
  await platform.stop()
  await rm(stateFolder, { recursive: true, force: true })
})

describe('an Idempotency-Key', () => {
  const json = { name: 'once', publicKey: newPublicKey() }
  const headers = { 'idempotency-key': 'a-hundred-at-once' }
  let first: string

  it('makes one thing of a hundred requests at once, all answered byte for byte alike', async () => {
    const api = await tenantApi('mia', target())

    const answers = await Promise.all(
      Array.from({ length: 100 }, () => api.call('POST', '/v1/ssh-keys', { json, headers })),
    )

    first = answers[0]?.text ?? ''
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(
      new Set([`201 ${first}`]),
    )
    const { items } = await api.get<{ items: unknown[] }>('/v1/ssh-keys')
    expect(items).toEqual([JSON.parse(first)])
  })

  it('with another body is a mistake', async () => {
    const api = await tenantApi('mia', target())
    const other = { ...json, name: 'twice' }

    const answer = await api.call('POST', '/v1/ssh-keys', { json: other, headers })

    expectProblem(answer, 422, 'idempotency/key-reused')
  })

  it('of another tenant is another key', async () => {
    const api = await tenantApi('greg', target())

    const answer = await api.call('POST', '/v1/ssh-keys', { json, headers })

    expect(answer.status).toBe(201)
    expect(answer.text).not.toBe(first)
  })

  it('is remembered over a restart', async () => {
    await platform.stop()
    platform = await startPlatform(platformSettings(stateFolder), logFile())
    const api = await tenantApi('mia', target())

    const again = await api.call('POST', '/v1/ssh-keys', { json, headers })

    expect({ status: again.status, text: again.text }).toEqual({ status: 201, text: first })
  })
})

describe.skipIf(withoutMachines)(`a request for a lease${machinesTitle}`, () => {
  it('sent a hundred times at once, and again after a kill, is one lease', async () => {
    const call = {
      json: { machineType: 'tiny', sshPublicKeys: [newPublicKey()], timeToLiveSeconds: 600 },
      headers: { 'idempotency-key': 'one-lease' },
    }
    const before = await tenantApi('mia', target())
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => before.call('POST', '/v1/leases', call)),
    )
    const text = answers[0]?.text ?? ''
    expect(new Set(answers.map((answer) => answer.text))).toEqual(new Set([text]))

    await platform.kill()
    platform = await startPlatform(platformSettings(stateFolder), logFile())
    const after = await tenantApi('mia', target())

    expect((await after.call('POST', '/v1/leases', call)).text).toBe(text)
    expect((await after.get<{ items: Lease[] }>('/v1/leases')).items).toHaveLength(1)
    const { id } = JSON.parse(text) as Lease
    await after.send('DELETE', `/v1/leases/${id}`)
    await waitFor(
      'the release',
      () => after.get<Lease>(`/v1/leases/${id}`),
      ({ state }) => state === 'released',
      { withinMs: 120_000 },
    )
  })
})
