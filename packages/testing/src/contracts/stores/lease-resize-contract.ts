import {
  keepSize,
  type Lease,
  leaseHolds,
  type MachineTypeName,
  makeReady,
  provisionLease,
  type Ready,
  resizeLease,
} from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { aMachineType, aShape } from '../../builders/a-shape.ts'
import { someLimits } from '../../builders/a-tenant.ts'
import {
  aNewLease,
  type OpenStores,
  olivia,
  testNow,
  thePlatform,
  usedBy,
  useStores,
} from './stores-under-test.ts'

const address = { host: '127.0.0.1', sshPort: 2_222, jupyterPort: null }

/** What every lease store promises about a lease that wants another size while its machine runs. */
export function leaseResizeContract(name: string, open: OpenStores): void {
  describe(`wanted sizes: ${name}`, () => {
    const { stores, someTenant } = useStores(open)
    const replace = (previous: Lease, next: Lease) =>
      stores().leases.replace(previous, next, { actor: thePlatform, claim: null })
    /** One of one CPU, of a tenant that may have four. */
    const readyLease = async (): Promise<Ready> => {
      const tenant = await someTenant(someLimits({ vcpu: 4 }))
      const lease = aNewLease(tenant.id)
      await stores().leases.admit(lease, olivia)
      const provisioning = provisionLease(lease, testNow, 1_000)
      const ready = makeReady(provisioning, address, testNow)
      expect(await replace(lease, provisioning)).toBe('replaced')
      expect(await replace(provisioning, ready)).toBe('replaced')
      return ready
    }

    it('reserves at once what it grows by, and gives it back when nobody wants it', async () => {
      const ready = await readyLease()
      const wanting = resizeLease(ready, typeWith(3), testNow)

      expect(await replace(ready, wanting)).toBe('replaced')

      expect(await stores().leases.find(ready.tenantId, ready.id)).toEqual(wanting)
      expect(await usedBy(stores(), ready.tenantId)).toMatchObject({ vcpu: 3, leases: 1 })
      expect(await replace(wanting, keepSize(wanting))).toBe('replaced')
      expect(await usedBy(stores(), ready.tenantId)).toEqual(leaseHolds(ready))
    })

    it('refuses to grow by more than is there, with the numbers, and changes nothing', async () => {
      const ready = await readyLease()

      const outcome = await replace(ready, resizeLease(ready, typeWith(5), testNow))

      expect(outcome).toEqual({ resource: 'vcpu', limit: 4, used: 1, asked: 4, free: 3 })
      expect(await stores().leases.find(ready.tenantId, ready.id)).toEqual(ready)
      expect(await usedBy(stores(), ready.tenantId)).toEqual(leaseHolds(ready))
    })

    it('lets one of two wishes that do not fit together win', async () => {
      const ready = await readyLease()
      const wishes = [3, 4].map((cores) => resizeLease(ready, typeWith(cores), testNow))

      const outcomes = await Promise.all(wishes.map((wish) => replace(ready, wish)))

      expect([...outcomes].sort()).toEqual(['lost-race', 'replaced'])
      const winner = wishes[outcomes.indexOf('replaced')]
      expect(await stores().leases.find(ready.tenantId, ready.id)).toEqual(winner)
      expect(winner && (await usedBy(stores(), ready.tenantId))).toEqual(
        winner && leaseHolds(winner),
      )
    })
  })
}

function typeWith(cores: number) {
  const cpu = { sockets: 1, cores, threads: 1, model: 'host-model' }
  return aMachineType({ name: `with-${cores}` as MachineTypeName, shape: aShape({ cpu }) })
}
