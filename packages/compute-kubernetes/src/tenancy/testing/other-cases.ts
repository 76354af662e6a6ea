import { type KindInfo, kinds } from '../../client/kinds.ts'

/** Something other than a machine that a tenant's namespace refuses. */
export type OtherCase = {
  readonly what: string
  readonly kind: KindInfo
  readonly body: object
  readonly says: string
  /** The same without the fault, which is taken. */
  readonly taken?: object
}

const claim = (storageClassName: string) => ({
  spec: {
    accessModes: ['ReadWriteOnce'],
    storageClassName,
    resources: { requests: { storage: '1Gi' } },
  },
})
const service = { ports: [{ port: 80 }] }
const container = { name: 'c', image: 'none.invalid/none' }
const resources = { requests: { cpu: '1', memory: '1Mi' }, limits: { 'example.com/other': '1' } }

export const otherCases: readonly OtherCase[] = [
  {
    what: 'a pod with a device that the pool does not offer',
    kind: kinds.pods,
    body: { spec: { containers: [{ ...container, resources }] } },
    says: 'a device that this pool does not offer',
  },
  {
    what: 'a pod that would be privileged, by Pod Security',
    kind: kinds.pods,
    body: { spec: { containers: [{ ...container, securityContext: { privileged: true } }] } },
    says: 'violates PodSecurity "baseline',
  },
  {
    what: 'a claim of a storage class that is not open to the tenant',
    kind: kinds.persistentVolumeClaims,
    body: claim('vault'),
    says: 'the storage class vault is not open to this tenant; these are: fast,standard',
    taken: claim('fast'),
  },
  {
    what: 'a service with an address outside the cluster',
    kind: kinds.services,
    body: { spec: { ...service, externalIPs: ['203.0.113.9'] } },
    says: 'stay inside the cluster',
    taken: { spec: service },
  },
  {
    what: 'a claim for devices of a class that the pool does not offer',
    kind: kinds.resourceClaims,
    body: {
      spec: {
        devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'any.example.com' } }] },
      },
    },
    says: 'a class of devices that this pool does not offer',
  },
]
