import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import pg from 'pg'
import { startThrowawayServices } from './throwaway-services.ts'

export type MachineFacts = {
  readonly processor: string
  readonly cores: number
  readonly memoryGiB: number
  readonly kernel: string
  readonly node: string
  readonly postgres: string
}

/** What the numbers were measured on; nothing that names the computer. */
export async function describeMachine(): Promise<MachineFacts> {
  const [first] = cpus()
  return {
    processor: first?.model.trim() ?? process.arch,
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 1_073_741_824),
    kernel: readFileSync('/proc/sys/kernel/osrelease', 'utf8').split('-')[0]?.trim() ?? 'unknown',
    node: process.version,
    postgres: await postgresVersion(),
  }
}

async function postgresVersion(): Promise<string> {
  const services = await startThrowawayServices({ tenants: 0 })
  const client = new pg.Client({ connectionString: services.databaseUrl })
  try {
    await client.connect()
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
    return rows[0]?.server_version ?? 'unknown'
  } finally {
    await client.end()
    await services.close()
  }
}
