import type { TaskId } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { aTask } from '../../builders/a-task.ts'
import {
  aNewTask,
  type OpenStores,
  olivia,
  thePlatform,
  uniqueName,
  useStores,
} from './stores-under-test.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (data: Uint8Array) => new TextDecoder().decode(data)

/** What every store of live task logs promises. */
export function taskLogStoreContract(name: string, open: OpenStores): void {
  describe(`task log store: ${name}`, () => {
    const { stores, someTenant } = useStores(open)
    const aLog = async () => {
      const { id: tenantId } = await someTenant()
      const task = aNewTask(tenantId)
      await stores().tasks.admit(task, olivia)
      const log = stores().taskLogs
      return {
        tenantId,
        taskId: task.id,
        append: (at: number, data: Uint8Array, most = 1_000_000) =>
          log.append(tenantId, task.id, at, data, most),
        read: (at = 0, most = 1_000_000) => log.read(tenantId, task.id, at, most),
        length: () => log.length(tenantId, task.id),
      }
    }

    it('is empty at first', async () => {
      const log = await aLog()

      expect([await log.length(), (await log.read()).length]).toEqual([0, 0])
    })

    it('keeps every byte, NUL and broken UTF-8 too', async () => {
      const log = await aLog()
      const all = Uint8Array.from({ length: 512 }, (_, index) => index % 256)

      expect(await log.append(0, all.subarray(0, 300))).toBe(300)
      expect(await log.append(300, all.subarray(300))).toBe(512)

      expect(Array.from(await log.read())).toEqual(Array.from(all))
    })

    it('takes each byte once, however often and in whatever pieces it is sent', async () => {
      const log = await aLog()

      expect(await log.append(0, bytes('hello '))).toBe(6)
      expect(await log.append(0, bytes('hello '))).toBe(6)
      expect(await log.append(3, bytes('lo world'))).toBe(11)
      expect(await log.append(1, bytes('ell'))).toBe(11)
      await Promise.all(Array.from({ length: 20 }, () => log.append(11, bytes('!'))))

      expect(text(await log.read())).toBe('hello world!')
    })

    it('refuses a gap and says how far it is', async () => {
      const log = await aLog()
      await log.append(0, bytes('abc'))

      expect(await log.append(4, bytes('e'))).toBe(3)
      expect(text(await log.read())).toBe('abc')
    })

    it('reads any part', async () => {
      const log = await aLog()
      for (const [at, piece] of ['abc', 'def', 'ghi'].entries())
        await log.append(at * 3, bytes(piece))

      expect(text(await log.read(2, 5))).toBe('cdefg')
      expect(text(await log.read(3, 3))).toBe('def')
      expect(text(await log.read(8))).toBe('i')
      expect((await log.read(9)).length).toBe(0)
      expect((await log.read(100)).length).toBe(0)
    })

    it('drops what passes the limit, says so once at the end, and takes no more', async () => {
      const log = await aLog()
      await log.append(0, bytes('12345'), 8)

      const length = await log.append(5, bytes('6789'), 8)
      const again = await log.append(9, bytes('more'), 8)

      const kept = text(await log.read())
      expect(kept.slice(0, 8)).toBe('12345678')
      expect(kept.slice(8)).toMatch(/^\n\[.*dropped.*\]\n$/)
      expect([length, again, await log.length()]).toEqual(Array(3).fill(kept.length))
    })

    it('shows a tenant nothing of another', async () => {
      const log = await aLog()
      await log.append(0, bytes('secret'))
      const { id: other } = await someTenant()

      expect((await stores().taskLogs.read(other, log.taskId, 0, 100)).length).toBe(0)
      expect(await stores().taskLogs.length(other, log.taskId)).toBe(0)
      await stores().taskLogs.remove(other, log.taskId)
      expect(await log.length()).toBe(6)
    })

    it('forgets the log once it is in the bucket', async () => {
      const log = await aLog()
      await log.append(0, bytes('abc'))

      await stores().taskLogs.remove(log.tenantId, log.taskId)

      expect([await log.length(), (await log.read()).length]).toEqual([0, 0])
    })
  })
}

/** What every store of run credentials promises. */
export function runCredentialStoreContract(name: string, open: OpenStores): void {
  describe(`run credential store: ${name}`, () => {
    const { stores, someTenant } = useStores(open)
    const aRun = async () => {
      const { id: tenantId } = await someTenant()
      const task = aNewTask(tenantId)
      await stores().tasks.admit(task, olivia)
      const starting = aTask.starting({ id: task.id, tenantId, pool: task.pool })
      await stores().tasks.replace(task, starting, { actor: thePlatform, claim: null })
      const hash = uniqueName('hash')
      await stores().runCredentials.store(tenantId, task.id, 1, hash)
      return { task: starting, hash }
    }

    it('knows the task and the attempt a credential speaks for', async () => {
      const { task, hash } = await aRun()

      expect(await stores().runCredentials.resolve(hash)).toEqual({ task, attempt: 1 })
      expect(await stores().runCredentials.resolve('another')).toBeNull()
    })

    it('may be told the same credential twice', async () => {
      const { task, hash } = await aRun()

      await stores().runCredentials.store(task.tenantId, task.id, 1, hash)

      expect(await stores().runCredentials.resolve(hash)).toEqual({ task, attempt: 1 })
    })

    it('is dead when it is revoked', async () => {
      const { task, hash } = await aRun()
      const other = await aRun()

      await stores().runCredentials.revoke(task.id)

      expect(await stores().runCredentials.resolve(hash)).toBeNull()
      expect(await stores().runCredentials.resolve(other.hash)).not.toBeNull()
    })

    it.each([
      ['the task has ended', { state: 'failed', reason: 'machine-lost' } as const],
      ['a later attempt runs', { attempt: 2 } as const],
    ])('is dead when %s', async (_, facts) => {
      const { task, hash } = await aRun()
      const base = 'state' in facts ? aTask.failed() : task
      const next = { ...base, ...facts, id: task.id, tenantId: task.tenantId, version: 3 }
      const by = { actor: thePlatform, claim: null }
      expect(await stores().tasks.replace(task, next as typeof task, by)).toBe('replaced')

      expect(await stores().runCredentials.resolve(hash)).toBeNull()
    })

    it('is for the attempt it was made for only', async () => {
      const { task } = await aRun()
      const hash = uniqueName('hash')
      await stores().runCredentials.store(task.tenantId, task.id as TaskId, 2, hash)

      expect(await stores().runCredentials.resolve(hash)).toBeNull()
    })
  })
}
