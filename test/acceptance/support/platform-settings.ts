import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const { LEASEHOLD_CACHE, LEASEHOLD_STATE = '.leasehold' } = process.env

/**
 * Settings of a platform under test: any free ports, short waits, the guest image of this checkout,
 * and a pool of two machines of one CPU, so that a third one has to queue.
 */
export function platformSettings(stateFolder: string): Readonly<Record<string, string>> {
  return {
    LEASEHOLD_STATE: stateFolder,
    LEASEHOLD_CACHE: path.resolve(root, LEASEHOLD_CACHE ?? LEASEHOLD_STATE),
    API_PORT: '0',
    OPERATOR_PORT: '0',
    GATEWAY_PORT: '0',
    RUN_API_PORT: '0',
    ISSUER_PORT: '0',
    SSH_PORT: '0',
    POOL_VCPU: '2',
    POOL_MEMORY_MIB: '3072',
    LEASE_GRACE_SECONDS: '60',
    TASK_HEARTBEAT_SECONDS: '1',
    TASK_GRACE_SECONDS: '60',
    SWEEP_SECONDS: '2',
    RATE_UNAUTHENTICATED_PER_MINUTE: '10000',
    UPLOAD_MAX_MIB: '8',
    LOG_LEVEL: 'info',
  }
}
