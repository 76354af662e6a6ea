import { PassThrough } from 'node:stream'
import type { Log, MachineDriver } from '@leasehold/application'
import { kinds } from '../../client/kinds.ts'
import type { FakeKube } from '../../client/testing/fake-controls.ts'
import { fakeKube } from '../../client/testing/fake-kube.ts'
import {
  type KubeVirtMachineDriverOptions,
  openKubeVirtMachineDriver,
} from '../kubevirt-machine-driver.ts'
import type { Dial } from '../ssh-readiness.ts'
import { machineSettings } from './an-order.ts'
import { type PlayedKubeVirt, playKubeVirt } from './playing-kubevirt.ts'

export type DriverOnFake = {
  readonly kube: FakeKube
  readonly kubeVirt: PlayedKubeVirt
  readonly driver: MachineDriver
  /** Another process over the same cluster. */
  readonly reopen: (facts?: Partial<KubeVirtMachineDriverOptions>) => MachineDriver
  readonly close: () => Promise<void>
}

export const quiet: Log = { info: () => {}, warn: () => {}, error: () => {} }

/** Every machine that is tried answers as an SSH server does. */
export const answeringDial: Dial = async () => {
  const connection = new PassThrough()
  connection.write('SSH-2.0-test\r\n')
  return connection
}

/** A driver on a cluster in memory that has one node and a KubeVirt that is played. */
export function driverOnFake(facts: Partial<KubeVirtMachineDriverOptions> = {}): DriverOnFake {
  const ends = new AbortController()
  const kube = fakeKube({ namespaces: ['hold-ten-1', machineSettings.systemNamespace] })
  const kubeVirt = playKubeVirt(kube, ends.signal)
  kube.put(kinds.nodes, {
    metadata: { name: 'node-1' },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  })
  const open = (more: Partial<KubeVirtMachineDriverOptions> = {}) =>
    openKubeVirtMachineDriver({
      client: kube,
      settings: machineSettings,
      capacity: async () => ({ total: { vcpu: 64, 'memory-mib': 65_536 } }),
      log: quiet,
      dial: answeringDial,
      ...facts,
      ...more,
    })
  const driver = open()
  return {
    kube,
    kubeVirt,
    driver,
    reopen: open,
    async close() {
      ends.abort()
      await driver.close()
    },
  }
}
