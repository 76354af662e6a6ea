import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { root } from './root.mjs'

const folder = path.join(root, '.cache')
const lockFile = path.join(folder, 'bootstrap.lock')

/** Runs `work` while no other set-up of this checkout runs. A lock whose owner is dead is taken over. */
export async function withLock(steps, work) {
  fs.mkdirSync(folder, { recursive: true })
  if (!tryLock()) await steps.run(`wait for another set-up (${lockFile})`, waitForLock)
  try {
    return await work()
  } finally {
    fs.rmSync(lockFile, { force: true })
  }
}

async function waitForLock(report) {
  while (!tryLock()) {
    report(`process ${ownerOf(lockFile) ?? '?'} is at it`)
    await wait(500)
  }
}

/** Linking a finished file is atomic: a lock never exists without its owner's number in it. */
function tryLock() {
  removeIfAbandoned()
  const mine = `${lockFile}.${process.pid}`
  fs.writeFileSync(mine, String(process.pid))
  try {
    fs.linkSync(mine, lockFile)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  } finally {
    fs.rmSync(mine, { force: true })
  }
}

/** Moves a dead owner's lock aside; if it turns out to be a living one's, puts it back. */
function removeIfAbandoned() {
  const owner = ownerOf(lockFile)
  if (owner === null || isAlive(owner)) return
  const aside = `${lockFile}.abandoned-${process.pid}`
  try {
    fs.renameSync(lockFile, aside)
    const moved = ownerOf(aside)
    if (moved !== null && moved !== owner && isAlive(moved)) fs.linkSync(aside, lockFile)
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error
  } finally {
    fs.rmSync(aside, { force: true })
  }
}

function ownerOf(file) {
  try {
    return Number(fs.readFileSync(file, 'utf8')) || null
  } catch {
    return null
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
