import type {
  EndedLease,
  ImageName,
  LeaseId,
  LeaseTerms,
  MachineTypeName,
  MemberId,
  PoolName,
  Provisioning,
  Queued,
  Ready,
  Stopped,
  Stopping,
  TenantId,
} from '@leasehold/domain'
import { testNow } from '../manual-clock.ts'
import { aShape } from './a-shape.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

const terms: LeaseTerms = {
  id: 'lse_1' as LeaseId,
  tenantId: 'ten_acme' as TenantId,
  createdBy: 'olivia' as MemberId,
  createdAt: testNow,
  name: 'training',
  labels: {},
  pool: 'local' as PoolName,
  machineType: 'tiny' as MachineTypeName,
  shape: aShape(),
  wantedSize: null,
  image: 'debian-12' as ImageName,
  authorizedKeys: [
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g',
  ],
  timeToLiveMs: hourMs,
  expiresAt: null,
  generation: 0,
  pricePerHourMicros: 36_000,
  version: 1,
  enteredStateAt: testNow,
}
const placed = { generation: 1, version: 2 }
const ran = { ...placed, version: 3, expiresAt: testNow + hourMs }

/** Valid leases with boring defaults: a test names only the facts it is about. */
export const aLease = {
  queued: (facts: Partial<Queued> = {}): Queued => ({
    ...terms,
    state: 'queued',
    queueDeadlineAt: testNow + 30 * minuteMs,
    waitingFor: null,
    ...facts,
  }),
  provisioning: (facts: Partial<Provisioning> = {}): Provisioning => ({
    ...terms,
    ...placed,
    state: 'provisioning',
    bootDeadlineAt: testNow + 10 * minuteMs,
    obstacle: null,
    ...facts,
  }),
  ready: (facts: Partial<Ready> = {}): Ready => ({
    ...terms,
    ...ran,
    state: 'ready',
    address: { host: '127.0.0.1', sshPort: 2_222, jupyterPort: 8_888 },
    obstacle: null,
    ...facts,
  }),
  stopping: (facts: Partial<Stopping> = {}): Stopping => ({
    ...terms,
    ...ran,
    version: 4,
    state: 'stopping',
    reason: 'stopped-by-tenant',
    reasonDetail: null,
    graceEndsAt: testNow + minuteMs / 2,
    ...facts,
  }),
  stopped: (facts: Partial<Stopped> = {}): Stopped => ({
    ...terms,
    ...ran,
    version: 5,
    state: 'stopped',
    reason: 'stopped-by-tenant',
    reasonDetail: null,
    keepUntil: testNow + 24 * hourMs,
    ...facts,
  }),
  released: (facts: Partial<EndedLease> = {}): EndedLease => ({
    ...terms,
    ...ran,
    version: 5,
    state: 'released',
    reason: 'released-by-tenant',
    reasonDetail: null,
    endedAt: testNow,
    ...facts,
  }),
  failed: (facts: Partial<EndedLease> = {}): EndedLease => ({
    ...terms,
    ...placed,
    version: 4,
    state: 'failed',
    reason: 'boot-timed-out',
    reasonDetail: null,
    endedAt: testNow,
    ...facts,
  }),
}
