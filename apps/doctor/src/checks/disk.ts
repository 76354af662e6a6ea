import { constants } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Config } from '@leasehold/config'
import { type Finding, findingsOf } from '../finding.ts'
import type { Check } from '../run-checks.ts'

const { ok, warning, problem } = findingsOf('disk')

const gibibyte = 1_073_741_824
const least = { share: 0.05, bytes: gibibyte }

export function checkDisk({ stateFolder, cacheFolder }: Config): Check {
  return {
    part: 'disk',
    whenItFails: 'Make the folder of LEASEHOLD_STATE, owned by the platform’s user.',
    look: async () => {
      const folders = [...new Set([stateFolder, cacheFolder])]
      return (await Promise.all(folders.map(lookAtFolder))).flat()
    },
  }
}

async function lookAtFolder(folder: string): Promise<readonly Finding[]> {
  const there = await nearestThatExists(folder)
  const writable = await access(there, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
  if (!writable)
    return [
      problem(
        'writable',
        `${there} cannot be written to.`,
        `Give it to the platform's user: chown ${process.getuid?.()} '${there}'`,
      ),
    ]
  return [ok('writable', `${folder} can be written to.`), await roomIn(there)]
}

async function roomIn(folder: string): Promise<Finding> {
  const { bavail, blocks, bsize } = await statfs(folder)
  const free = bavail * bsize
  const says = `${(free / gibibyte).toFixed(1)} GiB free in ${folder}.`
  if (free >= least.bytes && bavail / blocks >= least.share) return ok('room', says)
  return warning('room', says, 'Make room: the embedded stores refuse writes on a full disk.')
}

async function nearestThatExists(folder: string): Promise<string> {
  try {
    await stat(folder)
    return folder
  } catch (error) {
    const parent = dirname(folder)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === folder) throw error
    return nearestThatExists(parent)
  }
}
