import { execFile, spawnSync } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Lease, Task } from '@leasehold/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiClient, makeApiClient } from '../../scripts/client/api-client.ts'
import { type PlatformProcess, startPlatform } from '../../scripts/client/platform-process.ts'
import { type SignedInPerson, signIn } from '../../scripts/client/sign-in.ts'
import { openSshIdentity, type SshIdentity } from '../../scripts/client/ssh.ts'
import { waitFor } from '../../scripts/client/wait-for.ts'
import { findTraces } from '../../scripts/demo/find-traces.ts'
import { openEmbeddedStack } from './support/embedded-stack.ts'
import { crashSettings } from './support/paper-platform.ts'
import { isListening, type Qemu, qemusOf } from './support/processes.ts'
import { findSecrets } from './support/secrets.ts'

const missing = ['qemu-system-x86_64', 'qemu-img', 'ssh', 'ssh-keyscan'].find(
  (program) => spawnSync(program, ['-V']).error !== undefined,
)
const why = missing === undefined ? '' : ` (skipped: ${missing} is not installed)`

/** Without hardware virtualisation, three machines on two busy cores. */
const bootMs = 400_000

// One story: booting is what costs here.
describe.skipIf(missing !== undefined)(`real machines under kill -9 of the platform${why}`, () => {
  let stateFolder: string
  let platform: PlatformProcess
  let api: ApiClient
  let identity: SshIdentity
  let person: SignedInPerson
  let leases: readonly Lease[]
  let task: Task
  let machines: readonly Qemu[]
  let before: Inside & { readonly leaseId: string }
  const start = async () => {
    platform = await startPlatform(crashSettings(stateFolder), join(stateFolder, 'platform.log'))
  }

  beforeAll(async () => {
    stateFolder = await mkdtemp(join(tmpdir(), 'kill-'))
    // The database's own user passes through; otherwise its files would lie elsewhere, and stay.
    await chmod(stateFolder, 0o711)
    identity = await openSshIdentity('crash')
    await start()
    person = await signIn(platform.issuer, 'mia', () => {})
    api = makeApiClient(platform.api, person.token)
  }, bootMs)
  afterAll(async () => {
    for (const lease of leases ?? []) await api.call('DELETE', `/v1/leases/${lease.id}`)
    await platform?.stop()
    await identity?.close()
    for (const { pid } of await everyQemu()) process.kill(pid, 'SIGKILL')
    await rm(stateFolder, { recursive: true, force: true })
  })

  it('go on booting when the platform dies early in their boot', async () => {
    const json = { machineType: 'tiny', sshPublicKeys: [identity.publicKey] }
    leases = await Promise.all(
      ['first', 'second'].map((name) =>
        api.send<Lease>('POST', '/v1/leases', { json: { ...json, name } }),
      ),
    )
    task = await api.send<Task>('POST', '/v1/tasks', {
      json: { machineType: 'tiny', framework: 'python', script, outputsPath: 'results' },
    })
    machines = await waitFor('two machines', leaseQemus, ({ length }) => length === 2, {
      withinMs: 60_000,
      everyMs: 20,
    })

    await platform.kill()
    expect(await leaseQemus()).toEqual(machines)
    await start()

    for (const lease of leases) await leaseIn(lease.id, 'provisioning')
    expect(await leaseQemus()).toEqual(machines)
  })

  it('are the same machines when it dies again as one of them is ready', async () => {
    const [ready] = await waitFor(
      'a lease to be ready',
      async () => (await seen()).filter(({ state }) => state === 'ready'),
      ({ length }) => length > 0,
      { withinMs: bootMs, everyMs: 100 },
    )
    if (ready === undefined) throw new Error('No lease is ready.')
    before = { leaseId: ready.id, ...(await lookInside(ready)) }

    await platform.kill()
    await start()

    for (const { id } of leases) await leaseIn(id, 'ready')
    expect(await leaseQemus()).toEqual(machines)
  })

  it('let their renters in, with the host key they always had, and were not booted again', async () => {
    const [one, other] = await Promise.all(
      [before.leaseId, ...leases.map(({ id }) => id).filter((id) => id !== before.leaseId)].map(
        (id) => api.get<Lease>(`/v1/leases/${id}`),
      ),
    )
    if (one === undefined || other === undefined) throw new Error('Two leases were made.')

    expect({ leaseId: one.id, ...(await lookInside(one)) }).toEqual(before)
    expect(one.access.ssh?.hostKeys).toEqual([before.hostKey])
    expect(other.access.ssh?.hostKeys).toEqual([(await lookInside(other)).hostKey])
  })

  it('finish the task, once, with its output', async () => {
    const ended = await waitFor(
      'the end of the task',
      () => api.get<Task>(`/v1/tasks/${task.id}`),
      ({ endedAt }) => endedAt !== null,
      { withinMs: bootMs },
    )

    expect(ended).toMatchObject({ state: 'succeeded', exit: { code: 0 } })
    const file = await api.get<{ downloadUrl: string }>(
      `/v1/files/tasks/${task.id}/outputs/answer.txt`,
    )
    const response = await fetch(file.downloadUrl, { signal: AbortSignal.timeout(30_000) })
    expect(await response.text()).toBe('42')
    expect((await api.call('GET', `/v1/tasks/${task.id}/log`)).text).toBe('worked\n')
  })

  it('leave nothing when they are given back: no process, no folder, no port', async () => {
    for (const { id } of leases) await api.send('DELETE', `/v1/leases/${id}`)
    for (const { id } of leases) await leaseIn(id, 'released')

    const ids = [...leases.map(({ id }) => id), task.id]
    expect(await findTraces(ids, stateFolder)).toEqual({ processes: [], files: [] })
    expect(await everyQemu()).toEqual([])
    const ports = machines.flatMap((machine) => machine.ports)
    expect(ports.length).toBeGreaterThanOrEqual(4)
    for (const port of ports) expect(await isListening(port), `port ${port}`).toBe(false)
  })

  it('left no secret in the log', async () => {
    const log = await readFile(join(stateFolder, 'platform.log'), 'utf8')

    expect(await findSecrets(stateFolder, openEmbeddedStack(stateFolder), log)).toEqual([])
  })

  async function leaseQemus(): Promise<readonly Qemu[]> {
    const found = await Promise.all(leases.map(({ id }) => qemusOf(id)))
    return found.flat()
  }

  /** Those of leases, tasks and snapshots: all of them lie below the state folder. */
  async function everyQemu(): Promise<readonly Qemu[]> {
    return qemusOf(stateFolder)
  }

  async function seen(): Promise<readonly Lease[]> {
    return Promise.all(leases.map(({ id }) => api.get<Lease>(`/v1/leases/${id}`)))
  }

  async function leaseIn(id: string, wanted: Lease['state']): Promise<void> {
    const lease = await waitFor(
      `${id} in ${wanted}`,
      () => api.get<Lease>(`/v1/leases/${id}`),
      ({ state }) => state === wanted || state === 'failed' || state === 'released',
      { withinMs: bootMs, everyMs: 100 },
    )
    expect(lease.state, `${id}: ${lease.reason}`).toBe(wanted)
  }

  async function lookInside(lease: Lease): Promise<Inside> {
    const [machine] = await qemusOf(lease.id)
    const look = 'cat /proc/sys/kernel/random/boot_id'
    const { code, stdout, stderr } = await identity.run(lease.access.ssh?.command ?? 'false', look)
    if (code !== 0) throw new Error(`${lease.id}: ${code} ${stderr}`)
    return { bootId: stdout.trim(), hostKey: await hostKeyAt(machine?.ports[0] ?? 0) }
  }
})

/** Another boot would have another id; the host key is what the server itself proves. */
type Inside = { readonly bootId: string; readonly hostKey: string }

/** What the server on this port of the host proves to be. */
async function hostKeyAt(port: number): Promise<string> {
  const asked = ['-t', 'ed25519', '-T', '20', '-p', String(port), '127.0.0.1']
  const { stdout } = await promisify(execFile)('ssh-keyscan', asked, { timeout: 30_000 })
  return stdout.trim().split(' ').slice(1, 3).join(' ')
}

const script = `
import os
os.makedirs("results", exist_ok=True)
open("results/answer.txt", "w").write(str(6 * 7))
print("worked")
`
