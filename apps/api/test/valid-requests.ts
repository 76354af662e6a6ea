import { leaseBody } from './api-harness.ts'

/** A valid body for each operation that takes one, so that nothing but the caller decides. */
export const bodies: Readonly<Record<string, unknown>> = {
  requestLease: leaseBody,
  extendLease: { extendBySeconds: 600 },
  resizeLease: { machineType: 'small' },
  submitTask: { script: 'print(1)' },
  addSshKey: { name: 'laptop', publicKey: leaseBody.sshPublicKeys[0] },
  createServiceAccount: { name: 'robot', role: 'member' },
  createApiKey: { serviceAccountId: 'svc_0000missing', name: 'key' },
  addMember: { email: 'nora@acme.example', role: 'viewer' },
  changeMember: { role: 'viewer' },
  addTenantMember: { email: 'nora@acme.example', role: 'viewer' },
  changeTenantMember: { role: 'viewer' },
  createTenant: { slug: 'initech', name: 'Initech', tier: 'dev' },
  changeTenant: { name: 'Initech' },
  setTenantQuotas: { limits: [{ resource: 'vcpu', limit: 3 }] },
  putMachineType: {
    description: '',
    cpu: { sockets: 1, cores: 1, threads: 1, model: 'max' },
    memoryMiB: 1_024,
    disks: [{ role: 'system', sizeGiB: 4 }],
    gpus: [],
    pricePerHourMicros: 1,
    pools: [],
    images: [],
  },
  issueFileCredentials: {},
  putGpuType: { product: 'X', memoryMiB: 1, mode: 'shared', pricePerHourMicros: 1 },
}

/** Of every kind, an id that nothing has. */
export const missingIds: Readonly<Record<string, string>> = {
  leaseId: 'lse_0000missing',
  taskId: 'tsk_0000missing',
  tenantId: 'ten_0000missing',
  id: 'key_0000missing',
  accountId: 'svc_0000missing',
  keyId: 'apk_0000missing',
  name: 'no-such-thing',
  path: 'no/such/file.txt',
}
