import { readdir, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import type { Cluster } from '@leasehold/dev-cluster'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { answerOf, bootLimitMs, eventually, smallMachine } from './support/kubevirt-machines.ts'
import { makeNamespace, type TestNamespace } from './support/namespace.ts'
import { openAccess } from './support/open-access.ts'

const goneWithinMs = 300_000
/** KubeVirt, its own restart and a boot. */
const testLimitMs = 3 * bootLimitMs

describeOnCluster(
  'a real machine of KubeVirt on the development cluster',
  (access) => {
    let cluster: Cluster
    let namespace: TestNamespace
    const volumes = () => path.join(access.folder ?? '', 'storage', 'volumes')

    beforeAll(async () => {
      cluster = await openAccess(access)
      namespace = await makeNamespace(cluster.kubectl, access)
    })
    afterAll(() => namespace?.remove())

    it(
      'starts from a golden disk and answers HTTP and SSH over the pod network',
      async () => {
        const startedAt = Date.now()
        await namespace.apply(smallMachine('small'))

        const answer = await answerOf(namespace, 'small')

        process.stdout.write(`a machine answered after ${(Date.now() - startedAt) / 1_000} s\n`)
        expect(answer).toBe('small guest\n')
        const read = ['get', 'vmi', 'small', '-o', 'jsonpath={.status.interfaces[0].ipAddress}']
        expect(await greetingOf(await namespace.kubectl(read))).toMatch(/^SSH-2\.0-/)
      },
      testLimitMs,
    )

    it('has disks of the sizes it asked for, its system disk larger than the golden one', async () => {
      const size = async (claim: string) => {
        const read = ['get', 'pvc', claim, '-o', 'jsonpath={.spec.volumeName}']
        const volume = await namespace.kubectl(read)
        return (await stat(path.join(volumes(), volume, 'disk.img'))).size
      }

      expect(await size('small-system')).toBe(128 * 2 ** 20)
      expect(await size('small-data')).toBe(64 * 2 ** 20)
    })

    it(
      'is stopped and started again, with the same disks',
      async () => {
        const before = await answerOf(namespace, 'small', '/boot')
        const disks = await namespace.kubectl(['get', 'pvc', '-o', 'jsonpath={..metadata.uid}'])

        await patchStrategy(namespace, 'Halted')
        await eventually('the machine to stop', goneWithinMs, async () => {
          const left = await namespace.kubectl(['get', 'vmi,pod', '-o', 'name'])
          return left === '' ? true : null
        })
        await patchStrategy(namespace, 'Always')

        expect(await answerOf(namespace, 'small', '/boot')).not.toBe(before)
        expect(await namespace.kubectl(['get', 'pvc', '-o', 'jsonpath={..metadata.uid}'])).toBe(
          disks,
        )
      },
      testLimitMs,
    )

    it(
      'leaves nothing when it is deleted: no pod, no claim, no file',
      async () => {
        const names = await namespace.kubectl(['get', 'pvc', '-o', 'jsonpath={..spec.volumeName}'])

        await namespace.kubectl(['delete', 'vm', 'small', '--wait=false'])

        const kinds = 'vm,vmi,pod,datavolumes.cdi.kubevirt.io,pvc'
        await eventually('everything to go', goneWithinMs, async () => {
          const objects = await namespace.kubectl(['get', kinds, '-o', 'name'])
          const files = await readdir(volumes())
          const left = files.filter((file) => names.includes(file))
          return objects === '' && left.length === 0 ? true : null
        })
      },
      testLimitMs,
    )
  },
  { level: 'real' },
)

async function patchStrategy(namespace: TestNamespace, runStrategy: string): Promise<void> {
  const patch = JSON.stringify({ spec: { runStrategy } })
  await namespace.kubectl(['patch', 'vm', 'small', '--type=merge', '-p', patch])
}

/** The first line that the machine's SSH server says by itself. */
function greetingOf(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port: 22, timeout: 10_000 })
    socket.setEncoding('utf8')
    socket.once('data', (text: string) => {
      socket.destroy()
      resolve(text)
    })
    socket.once('timeout', () => socket.destroy(new Error('no greeting within ten seconds')))
    socket.on('error', reject)
  })
}
