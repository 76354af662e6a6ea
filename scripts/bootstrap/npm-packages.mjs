import fs from 'node:fs'
import path from 'node:path'
import { root } from './root.mjs'
import { runCommand } from './run-command.mjs'
import { SetUpError } from './set-up-error.mjs'

/**
 * Installs what package-lock.json says, unless node_modules already agrees with it. npm writes
 * node_modules/.package-lock.json last, so an install that was cut off counts as none.
 */
export async function ensureNpmPackages(steps) {
  const wanted = readLock('package-lock.json')
  if (wanted === null)
    throw new SetUpError(
      'package-lock.json is missing or broken. Restore it: git checkout package-lock.json',
    )
  if (agrees(wanted, readLock('node_modules/.package-lock.json'))) return
  const total = Object.keys(wanted).filter((name) => name.startsWith('node_modules/')).length
  await steps.run('install npm packages', async (report) => {
    const counting = setInterval(() => report(`${countInstalled()} of about ${total}`), 1_000)
    await install(report).finally(() => clearInterval(counting))
  })
}

/** npm says nothing while it works, so we count what it has put there. */
function countInstalled() {
  const folder = path.join(root, 'node_modules')
  return list(folder).flatMap((name) =>
    name.startsWith('@') ? list(path.join(folder, name)) : [name],
  ).length
}

function list(folder) {
  try {
    return fs.readdirSync(folder)
  } catch {
    return []
  }
}

async function install(report) {
  const whatFails =
    'npm ci failed. Check that npm can reach its registry (npm ping) and that package-lock.json is ' +
    'unchanged (git status), then run the same command again.'
  const args = [
    'ci',
    '--ignore-scripts',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]
  const env = { ...process.env, PATH: systemPath() }
  const once = () => runCommand('npm', args, { env, report, timeoutMs: 900_000, whatFails })
  try {
    await once()
  } catch {
    report('a second try')
    await once()
  }
}

/** PATH without what lies in node_modules: npm must not run on a Node.js that it is about to remove. */
function systemPath() {
  const inside = path.join(root, 'node_modules')
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter((entry) => !entry.startsWith(inside))
    .join(path.delimiter)
}

/** Optional packages are made for one kind of machine each: those of other kinds are rightly absent. */
function agrees(wanted, installed) {
  if (installed === null) return false
  return Object.entries(wanted).every(([name, entry]) => {
    if (!name.includes('node_modules/')) return true
    const found = installed[name]
    if (found === undefined) return entry.optional === true || entry.peer === true
    return found.version === entry.version && found.integrity === entry.integrity
  })
}

function readLock(file) {
  try {
    return JSON.parse(fs.readFileSync(path.join(root, file), 'utf8')).packages ?? null
  } catch {
    return null
  }
}
