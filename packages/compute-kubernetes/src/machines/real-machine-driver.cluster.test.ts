import type { MachineOrder } from '@leasehold/application'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { anSshKeyPair } from '@leasehold/testing/ssh-key-pair'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { machineDriverContract } from '../../../testing/src/contracts/machine-driver-contract.ts'
import { kinds } from '../client/kinds.ts'
import { diskClaimName, labelNames, machineName } from '../object-names.ts'
import { greetingOf, untilConsoleSays } from './testing/machine-streams.ts'
import { openRealPlace, type RealPlace } from './testing/real-place.ts'
import { runOverSsh } from './testing/run-over-ssh.ts'

const { signal } = new AbortController()
/** Emulated guests on a busy computer. */
const bootMs = 400_000

describeOnCluster(
  'machines that really boot',
  (cluster) => {
    machineDriverContract(
      'KubeVirt on a real node',
      async () => {
        const place = await openRealPlace(cluster)
        return {
          driver: place.driver,
          newOrder: () => place.newOrder('small-guest'),
          newImpossibleOrder: () => {
            const order = place.newOrder('small-guest')
            return { ...order, shape: { ...order.shape, memory: { hugePages: '1Gi' } } }
          },
          killMachine: null,
          reopen: place.open,
          close: place.close,
        }
      },
      { faultRounds: 1 },
    )

    let place: RealPlace
    beforeAll(async () => {
      place = await openRealPlace(cluster)
    })
    afterAll(() => place?.close())

    it('are Debian that answers SSH, its console and its screen, and comes back on its disk', {
      timeout: 3 * bootMs,
    }, async () => {
      const renter = anSshKeyPair()
      const order = place.newOrder('debian-12', [renter.public])
      const { leaseId } = order
      const run = async (one: MachineOrder, command: string) => {
        const seen = await see(one)
        if (seen.kind !== 'running') throw new Error(`it is ${seen.kind}`)
        return runOverSsh(seen.address, renter.private, command)
      }
      await place.driver.startMachine(order, signal)
      await until(order, 'running')

      // What cloud-init was told in the Secret has come through.
      expect(await run(order, 'hostname; sudo swapon --show; echo kept > note; sync')).toBe(
        'training',
      )
      expect(await place.driver.consoleLog(leaseId, 100_000)).toMatch(/cloud-init|login:/)
      expect((await place.driver.consoleLog(leaseId, 50)).length).toBeLessThanOrEqual(50)
      // Its image asks nobody to log in there: what it is made to say comes through.
      await untilConsoleSays(await openStream(order, 'console'), 'said to whoever listens', () =>
        run(order, 'echo said to whoever listens | sudo tee /dev/ttyS0'),
      )
      // virt-api loses what comes together with the answer to its own handshake: then it is opened once more.
      const greeting = async () => greetingOf(await openStream(order, 'vnc'))
      await expect.poll(greeting, { timeout: 120_000 }).toBe('RFB 003.008\n')
      const disk = await readDisk(order)
      await place.driver.stopMachine(leaseId, 1, 'graceful', signal)
      await until(order, 'absent')

      const next = { ...order, generation: 2 }
      await place.driver.startMachine(next, signal)
      await until(next, 'running')
      expect(await run(next, 'cat note')).toBe('kept')
      expect((await readDisk(order))?.metadata.uid).toBe(disk?.metadata.uid)

      await place.driver.destroyMachine(leaseId, 2, signal)
      await untilGone(next)
      const { namespace } = place
      const labelSelector = `${labelNames.lease}=${leaseId}`
      for (const kind of [kinds.pods, kinds.secrets, kinds.persistentVolumeClaims]) {
        const left = () => place.client.list(kind, { namespace, labelSelector }, signal)
        await expect.poll(async () => (await left()).items.length, { timeout: 120_000 }).toBe(0)
      }
    })

    const see = ({ leaseId, generation }: MachineOrder) =>
      place.driver.inspectMachine(leaseId, generation, signal)
    const until = (order: MachineOrder, kind: string) =>
      expect.poll(() => see(order), { timeout: bootMs, interval: 500 }).toMatchObject({ kind })
    const untilGone = (order: MachineOrder) => {
      const again = async () => {
        await place.driver.destroyMachine(order.leaseId, order.generation, signal)
        return see(order)
      }
      return expect
        .poll(again, { timeout: 300_000, interval: 1_000 })
        .toEqual({ kind: 'absent', disk: 'none' })
    }
    const openStream = ({ leaseId }: MachineOrder, what: 'console' | 'vnc') => {
      const kind = kinds.virtualMachineInstances
      const machine = { kind, namespace: place.namespace, name: machineName(leaseId) }
      return place.client.stream(machine, what, signal)
    }
    const readDisk = ({ leaseId }: MachineOrder) =>
      place.client.get(
        {
          kind: kinds.persistentVolumeClaims,
          namespace: place.namespace,
          name: diskClaimName(leaseId, 'system', 0),
        },
        signal,
      )
  },
  { level: 'real' },
)
