import fs from 'node:fs'
import path from 'node:path'
import { root } from './root.mjs'
import { SetUpError } from './set-up-error.mjs'

const needed = 24

/**
 * The Node.js that runs the programs: the one of npm's `node-linux-*` package, or this one when it
 * is new enough. Gives its path and an environment in which `node` means it.
 */
export function findRuntime() {
  const folder = path.join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin')
  const packaged = path.join(folder, 'node')
  if (fs.existsSync(packaged)) return runtimeAt(packaged)
  if (Number(process.versions.node.split('.')[0]) >= needed) return runtimeAt(process.execPath)
  throw new SetUpError(
    process.platform === 'linux'
      ? `The npm package with Node.js ${needed} is missing (${folder}). Install it: npm ci --ignore-scripts --include=optional`
      : `Leasehold's programs need Node.js ${needed}; this is ${process.version}, and npm has no package of it for ${process.platform}. ` +
          `Install it (for example: brew install node@${needed}) and run the same command again.`,
  )
}

function runtimeAt(node) {
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' }
  env.PATH = [
    path.dirname(node),
    path.join(root, 'node_modules', '.bin'),
    process.env.PATH ?? '',
  ].join(path.delimiter)
  return { node, env }
}
