import { type ChildProcess, fork } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { keepLog } from '../../../scripts/client/keep-log.ts'
import { tailOf } from '../../../scripts/client/platform-process.ts'
import type { PaperPlace } from './paper-place.ts'
import type { Stack } from './stack.ts'

const entry = fileURLToPath(new URL('paper-main.ts', import.meta.url))
const cacheFolder = fileURLToPath(new URL('../../../.leasehold', import.meta.url))

export type Addresses = {
  readonly api: string
  readonly operator: string
  readonly issuer: string
}

export type PaperPlatform = Addresses & {
  readonly pid: number
  /** As a power cut would. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** Settings of a platform under test: any ports, short waits, roomy limits. */
export function crashSettings(stateFolder: string): Record<string, string> {
  return {
    LEASEHOLD_STATE: stateFolder,
    LEASEHOLD_CACHE: cacheFolder,
    API_PORT: '0',
    OPERATOR_PORT: '0',
    GATEWAY_PORT: '0',
    RUN_API_PORT: '0',
    ISSUER_PORT: '0',
    SSH_PORT: '0',
    SWEEP_SECONDS: '1',
    ORPHAN_SWEEP_SECONDS: '5',
    LEASE_GRACE_SECONDS: '2',
    TASK_GRACE_SECONDS: '20',
    TASK_HEARTBEAT_SECONDS: '1',
    RATE_UNAUTHENTICATED_PER_MINUTE: '100000',
    RATE_READS_PER_MINUTE: '1000000',
    RATE_WRITES_PER_MINUTE: '1000000',
  }
}

/** Starts the platform over what its state folder holds from before. */
export async function startPaperPlatform(
  stateFolder: string,
  place: PaperPlace,
  { settings }: Stack,
): Promise<PaperPlatform> {
  const logFile = join(stateFolder, 'platform.log')
  const child = fork(entry, [], {
    env: { ...process.env, ...crashSettings(stateFolder), ...settings },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
  })
  if (child.stderr !== null) keepLog(child.stderr, logFile)
  place.attach(child)
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const addresses = await Promise.race([
    readyOf(child),
    gone.then(async () => {
      throw new Error(`The platform did not start:\n${await tailOf(logFile)}`)
    }),
  ])
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await gone
  }
  return {
    ...addresses,
    pid: child.pid ?? 0,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  }
}

/** Where the agents find the Run API: remembered in the state folder, the same after every restart. */
export async function runApiOf(stateFolder: string): Promise<string> {
  const ports = JSON.parse(await readFile(join(stateFolder, 'ports.json'), 'utf8'))
  return `http://127.0.0.1:${ports.runApi}`
}

function readyOf(child: ChildProcess): Promise<Addresses> {
  return new Promise((resolve) => {
    child.on('message', (message: { readonly ready?: Addresses }) => {
      if (message.ready !== undefined) resolve(message.ready)
    })
  })
}
