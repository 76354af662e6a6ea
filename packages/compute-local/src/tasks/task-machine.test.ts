import type { MachineShape } from '@leasehold/domain'
import { readAgentFiles } from '@leasehold/guest'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { GuestImage } from '../guest/guest-image.ts'
import { qemuArguments } from '../qemu/qemu-arguments.ts'
import { machineFiles, routesOf, type TaskMachineSetting, taskMachinePlan } from './task-machine.ts'
import { taskSeed } from './task-seed.ts'

const image: GuestImage = {
  ...{ id: 'image', diskPath: '/images/disk', diskFormat: 'raw', virtualSizeMiB: 3_072 },
  ...{ kernel: null, hasJupyter: true },
}
const shape: MachineShape = {
  cpu: { sockets: 1, cores: 1, threads: 1, model: 'host-model' },
  memoryMiB: 1_024,
  disks: [{ role: 'system', sizeGiB: 4 }],
  gpus: [],
}
const setting: TaskMachineSetting = {
  image,
  acceleration: 'tcg',
  seedPath: '/seed.iso',
  runApiPort: 8_083,
  network: 'outside',
}

describe('the machine of a task', () => {
  it('maps the memory of a snapshot privately, and that of a template through', () => {
    const plan = (kind: 'starts-from' | 'written-to') => {
      const memory = { kind, path: '/s/a,b' }
      const naming = { name: 'task-1', incoming: kind === 'starts-from' }
      return qemuArguments(
        taskMachinePlan(setting, shape, machineFiles('/r'), memory, naming),
      ).join(' ')
    }

    expect(plan('starts-from')).toContain('mem-path=/s/a,,b,share=off')
    expect(plan('starts-from')).toContain('-incoming defer')
    expect(plan('written-to')).toContain('mem-path=/s/a,,b,share=on')
    expect(plan('written-to')).not.toContain('-incoming')
  })

  it('forwards no port of this host and may start no programs', () => {
    const naming = { name: 'task-1', incoming: false }
    const plan = taskMachinePlan(setting, shape, machineFiles('/r'), { kind: 'private' }, naming)

    expect(plan.forwards).toEqual([])
    expect(plan.mayStartPrograms).toBe(false)
  })

  it('keeps the script from this host, or from everything, and never the agent from the run API', () => {
    expect(routesOf(setting)).toEqual({
      url: 'http://10.0.2.2:8083',
      closedNetworks: ['10.0.2.0/24'],
      resolver: '10.0.2.3',
    })
    expect(routesOf({ ...setting, network: 'closed' })).toEqual({
      url: 'http://10.0.2.2:8083',
      closedNetworks: ['0.0.0.0/0'],
      resolver: null,
    })
  })
})

describe('the seed of a task machine', () => {
  it('carries every file of the agent as it is, owned by root', async () => {
    const { files } = await readAgentFiles()
    const userData = parse(taskSeed(files)['user-data']) as {
      write_files: { path: string; content: string; owner: string; permissions: string }[]
    }

    for (const { path, content } of files) {
      const written = userData.write_files.find((file) => file.path === path)
      expect(Buffer.from(written?.content ?? '', 'base64').toString()).toBe(content)
      expect(written).toMatchObject({ owner: 'root:root', permissions: '0644' })
    }
  })

  it('gives the user of scripts no key, no password and no way to become root', async () => {
    const userData = parse(taskSeed([])['user-data']) as { users: object[] }

    expect(userData.users).toEqual([
      { name: 'task', gecos: 'Runs one script', shell: '/bin/bash', lock_passwd: true },
    ])
  })

  it('is the same for every run, so that one template serves all', async () => {
    const { files } = await readAgentFiles()

    expect(taskSeed(files)).toEqual(taskSeed(files))
  })
})
