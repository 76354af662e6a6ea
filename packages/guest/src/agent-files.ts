import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { GuestFile } from './cloud-init.ts'

const agentFolder = join(import.meta.dirname, '../agent/leasehold_run_agent')

/** Where the agent's Python package lies in the guest: `python3 -m leasehold_run_agent` runs from here. */
export const agentGuestFolder = '/opt/leasehold'

/** The agent as it is carried into a task machine, and a hash that changes whenever it does. */
export type AgentFiles = { readonly files: readonly GuestFile[]; readonly hash: string }

/** Reads the agent from this package. Throws when it is not there: the installation is incomplete then. */
export async function readAgentFiles(folder = agentFolder): Promise<AgentFiles> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.py')).sort()
  if (!names.includes('__main__.py'))
    throw new Error(`The run agent is missing in ${folder}: install the package again.`)
  const files = await Promise.all(
    names.map(async (name) => ({
      path: `${agentGuestFolder}/leasehold_run_agent/${name}`,
      mode: '0644',
      content: await readFile(join(folder, name), 'utf8'),
    })),
  )
  const hash = createHash('sha256').update(JSON.stringify(files)).digest('hex')
  return { files, hash }
}
