import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { kinds } from '../client/kinds.ts'
import { KubeError, KubeUnavailable } from '../client/kube-error.ts'
import { fakeKube } from '../client/testing/fake-kube.ts'
import { readConsoleLog } from './console-log.ts'
import { aPod } from './testing/a-view.ts'

describe('the console of a machine', () => {
  const printing = (log: string) => {
    const kube = fakeKube({ namespaces: ['hold-ten-1'] })
    kube.put(kinds.pods, aPod())
    kube.onPodLog(() => Readable.from([Buffer.from(log.slice(0, 7)), Buffer.from(log.slice(7))]))
    return kube
  }
  const failing = (error: Error) => {
    const kube = printing('')
    kube.intercept(() => {
      throw error
    })
    return kube
  }

  it('is read from its end', async () => {
    const kube = printing('Linux version 6.1\nlogin: ')

    expect(await readConsoleLog(kube, [aPod()], 7)).toBe('login: ')
    expect(kube.requests.at(-1)).toMatchObject({ verb: 'log', name: 'virt-launcher-lse-1-x' })
  })

  it('is read from the newest of its pods', async () => {
    const kube = printing('hello')
    const old = { ...aPod({ ageSeconds: 99 }) }
    const older = { ...old, metadata: { ...old.metadata, name: 'virt-launcher-lse-1-old' } }

    await readConsoleLog(kube, [older, aPod()], 100)

    expect(kube.requests.at(-1)).toMatchObject({ name: 'virt-launcher-lse-1-x' })
  })

  it('is empty without a pod, and while nothing is printed yet', async () => {
    const notYet = new KubeError({
      status: 400,
      reason: 'BadRequest',
      message: 'is waiting to start',
    })

    expect(await readConsoleLog(printing('x'), [], 100)).toBe('')
    expect(await readConsoleLog(printing('x'), [aPod()], 0)).toBe('')
    expect(await readConsoleLog(failing(notYet), [aPod()], 100)).toBe('')
  })

  it('is an error, not empty, when the cluster does not answer', async () => {
    const kube = failing(new KubeUnavailable('no answer'))

    await expect(readConsoleLog(kube, [aPod()], 100)).rejects.toThrow(KubeUnavailable)
  })
})
