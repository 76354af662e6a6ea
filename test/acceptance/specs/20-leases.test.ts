import type { JupyterLink, Lease } from '@leasehold/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApiClient } from '../../../scripts/client/api-client.ts'
import { runCell } from '../../../scripts/client/jupyter.ts'
import { type LeaseBrowser, openLeaseBrowser } from '../../../scripts/client/lease-browser.ts'
import { openSshIdentity, type SshIdentity } from '../../../scripts/client/ssh.ts'
import { waitFor } from '../../../scripts/client/wait-for.ts'
import { findTraces } from '../../../scripts/demo/find-traces.ts'
import { machinesTitle, withoutMachines } from '../profiles.ts'
import { leaseIn, movesOf, requestLease, sshCommandOf } from '../support/leases.ts'
import { expectProblem } from '../support/problems.ts'
import { operatorApi, target, tenantApi } from '../support/target.ts'

// One story over two machines: booting is what costs here, so each boot serves several tests.
describe.skipIf(withoutMachines)(`leases${machinesTitle}`, () => {
  let api: ApiClient
  let identity: SshIdentity
  let browser: LeaseBrowser
  let main: Lease
  let short: Lease
  const hostile = `$(touch /tmp/pwned)'; touch /tmp/pwned; #{{ v1.x }}: [`

  beforeAll(async () => {
    api = await tenantApi('olivia')
    identity = await openSshIdentity('acceptance')
    browser = openLeaseBrowser()
    const sshPublicKeys = [`${identity.publicKey}; $(touch /tmp/pwned)`]
    main = await requestLease(api, { sshPublicKeys, name: hostile, labels: { story: 'main' } })
    short = await requestLease(api, { sshPublicKeys, name: 'short', timeToLiveSeconds: 60 })
  })
  afterAll(() => identity.close())

  const inGuest = async (lease: Lease, command: string) => {
    const { code, stdout, stderr } = await identity.run(sshCommandOf(lease), command)
    if (code !== 0) throw new Error(`${command}: ${code} ${stderr}`)
    return stdout.trim()
  }

  const resize = (machineType: string) =>
    api.send<Lease>('POST', `/v1/leases/${main.id}/resize`, { json: { machineType } })

  it('queue when the pool is full, say why, and can be released from there', async () => {
    await leaseIn(api, main.id, 'provisioning').catch(() => leaseIn(api, main.id, 'ready'))
    const third = await requestLease(api, { sshPublicKeys: [identity.publicKey], name: 'third' })
    const waiting = await waitFor(
      'the reason for waiting',
      () => api.get<Lease>(`/v1/leases/${third.id}`),
      ({ waitingFor }) => waitingFor !== null,
      { withinMs: 60_000 },
    )

    await api.send('DELETE', `/v1/leases/${third.id}`)
    await leaseIn(api, third.id, 'released')

    expect(waiting).toMatchObject({ state: 'queued', actions: ['release'] })
    expect(waiting.waitingFor).toMatch(
      /^(vcpu|memory-mib|disk-gib) in the pool: needs \d+, free \d+$/,
    )
    expect(await movesOf(api, third.id)).toEqual([
      'requested',
      'queued',
      'released (released-by-tenant)',
    ])
  })

  it('become ready, and the real ssh gets in with the line the API gives', async () => {
    main = await leaseIn(api, main.id, 'ready')

    expect(await inGuest(main, 'nproc')).toBe('1')
    expect(main.actions).toEqual(['stop', 'restart', 'extend', 'resize', 'release'])
    expect(Date.parse(main.expiresAt ?? '')).toBeGreaterThan(Date.now())
  })

  it('show their console to the operator', async () => {
    const operator = await operatorApi('oscar')
    const { status, text } = await operator.call('GET', `/v1/leases/${main.id}/console`)

    expect(status).toBe(200)
    expect(text).toContain('cloud-init')
  })

  it('do not act on what names and key comments say', async () => {
    expect(main.name).toBe(hostile)
    expect(await inGuest(main, 'ls /tmp/pwned 2>/dev/null || echo inert')).toBe('inert')
    expect(await inGuest(main, 'cat ~/.ssh/authorized_keys')).not.toContain('touch')
  })

  it('let nobody in with another key', async () => {
    const stranger = await openSshIdentity('stranger')
    const { code } = await stranger.run(sshCommandOf(main), 'true')
    await stranger.close()

    expect(code).not.toBe(0)
  })

  it('open Jupyter by a link that works once', async () => {
    const link = await api.send<JupyterLink>('POST', `/v1/leases/${main.id}/jupyter-link`)
    const opened = await browser.fetch(link.url)
    const second = await openLeaseBrowser().fetch(link.url)

    expect(opened.status).toBeGreaterThanOrEqual(300)
    expect(opened.status).toBeLessThan(400)
    expect(opened.headers['set-cookie']?.[0]).toMatch(/HttpOnly/i)
    expect(opened.headers['referrer-policy']).toBe('no-referrer')
    expect(second.status).toBeGreaterThanOrEqual(400)
  })

  it('execute a cell through the kernel’s WebSocket', async () => {
    const { origin } = main.access.jupyter ?? { origin: '' }

    expect(await runCell(browser, origin, 'print(6 * 7)', 180_000)).toBe('42\n')
  })

  it('give Jupyter to no browser without the cookie, nor to one of another lease', async () => {
    const { origin } = main.access.jupyter ?? { origin: '' }
    const answer = await openLeaseBrowser().fetch(`${origin}/api/kernels`)

    expect(answer.status).toBeGreaterThanOrEqual(401)
    expect(answer.status).toBeLessThan(404)
  })

  it('expire, and then nothing is left of them', async () => {
    await waitFor(
      'the short lease to be ready or over',
      () => api.get<Lease>(`/v1/leases/${short.id}`),
      ({ state }) => state === 'ready' || state === 'released',
      { withinMs: 400_000 },
    )
    const gone = await leaseIn(api, short.id, 'released')
    const traces = await findTraces([short.id], target().stateFolder)

    expect(gone).toMatchObject({
      reason: 'expired',
      actions: [],
      access: { ssh: null, jupyter: null },
    })
    expect(gone.usage.seconds).toBeGreaterThanOrEqual(60)
    expect(traces).toEqual({ processes: [], files: [] })
  })

  it('are extended by as much as is asked', async () => {
    const before = Date.parse(main.expiresAt ?? '')

    const extended = await api.send<Lease>('POST', `/v1/leases/${main.id}/extend`, {
      json: { extendBySeconds: 600 },
    })

    expect(Date.parse(extended.expiresAt ?? '') - before).toBe(600_000)
  })

  it('stop: the machine goes, access is revoked, the disk stays', async () => {
    await inGuest(main, 'echo kept > ~/note && sync')
    const { origin } = main.access.jupyter ?? { origin: '' }
    const command = sshCommandOf(main)

    await api.send('POST', `/v1/leases/${main.id}/stop`)
    const stopped = await leaseIn(api, main.id, 'stopped')

    expect(stopped.actions).toEqual(['start', 'extend', 'resize', 'release'])
    expect(stopped.access).toEqual({ ssh: null, jupyter: null })
    expect((await identity.run(command, 'true')).code).not.toBe(0)
    expect((await browser.fetch(`${origin}/api/status`)).status).toBeGreaterThanOrEqual(401)
    const traces = await findTraces([main.id], target().stateFolder)
    expect(traces.processes).toEqual([])
    expect(traces.files).not.toEqual([])
    const twice = await api.send<Lease>('POST', `/v1/leases/${main.id}/stop`)
    expect(twice.enteredStateAt).toBe(stopped.enteredStateAt)
  })

  it('are given another size while they are stopped, and keep their disk', async () => {
    const small = await resize('small')
    const tiny = await resize('tiny')

    expect(small).toMatchObject({ state: 'stopped', machineType: 'small' })
    expect(small.resources).toMatchObject({ vcpu: 2, diskGiB: main.resources.diskGiB })
    expect(small.pricePerHourMicros).toBeGreaterThan(main.pricePerHourMicros)
    expect(tiny.resources).toEqual(main.resources)
  })

  it('start again: the same id, the same data, the same host key', async () => {
    const hostKeys = main.access.ssh?.hostKeys

    await api.send('POST', `/v1/leases/${main.id}/start`)
    main = await leaseIn(api, main.id, 'ready')

    expect(await inGuest(main, 'cat ~/note')).toBe('kept')
    expect(main.access.ssh?.hostKeys).toEqual(hostKeys)
  })

  it.each(['provisioning', 'stopped', 'stopping'] as const)(
    'are released from %s, and nothing is left',
    async (state) => {
      const lease = await requestLease(api, { sshPublicKeys: [identity.publicKey], name: state })
      await leaseIn(api, lease.id, 'provisioning')
      if (state !== 'provisioning') await api.send('POST', `/v1/leases/${lease.id}/stop`)
      if (state === 'stopped') await leaseIn(api, lease.id, 'stopped')

      await api.send('DELETE', `/v1/leases/${lease.id}`)
      const released = await leaseIn(api, lease.id, 'released')

      expect(released.reason).toBe('released-by-tenant')
      const traces = await findTraces([lease.id], target().stateFolder)
      expect(traces).toEqual({ processes: [], files: [] })
    },
  )

  it('are given another size while they run, for their next start, and may take it back', async () => {
    await resize('small')
    const kept = await resize('tiny')
    const wanting = await resize('small')

    expect(kept.pendingResize).toBeNull()
    expect(wanting).toMatchObject({ machineType: 'tiny', pendingResize: { machineType: 'small' } })
  })

  it('restart: another boot with the same data, in the size that was asked for', async () => {
    const bootId = await inGuest(main, 'cat /proc/sys/kernel/random/boot_id')

    await api.send('POST', `/v1/leases/${main.id}/restart`)
    await leaseIn(api, main.id, 'provisioning')
    main = await leaseIn(api, main.id, 'ready')

    expect(await inGuest(main, 'cat /proc/sys/kernel/random/boot_id')).not.toBe(bootId)
    expect(await inGuest(main, 'nproc')).toBe('2')
    expect(main).toMatchObject({ machineType: 'small', pendingResize: null })
    expect(await inGuest(main, 'cat ~/note')).toBe('kept')
  })

  it('are released while ready; a second release changes nothing', async () => {
    await api.send('DELETE', `/v1/leases/${main.id}`)
    const released = await leaseIn(api, main.id, 'released')
    const again = await api.call('DELETE', `/v1/leases/${main.id}`)

    expect(released.usage.costMicros).toBeGreaterThan(0)
    expect([202, 409]).toContain(again.status)
    const traces = await findTraces([main.id], target().stateFolder)
    expect(traces).toEqual({ processes: [], files: [] })
    expect(await movesOf(api, main.id)).toContain('stopping (restarted-by-tenant)')
    const start = await api.call('POST', `/v1/leases/${main.id}/start`)
    expectProblem(start, 409, 'lease/action-not-possible')
  })

  it('hold no quota once they are over, and are found by label', async () => {
    const quota = await api.get<{ items: { resource: string; used: number }[] }>('/v1/quota')
    const found = await api.get<{ items: Lease[] }>('/v1/leases?label=story=main')

    expect(quota.items.filter(({ used }) => used > 0)).toEqual([])
    expect(found.items.map(({ id }) => id)).toEqual([main.id])
  })
})
