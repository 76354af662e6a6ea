import { ensureDebianPackages } from './debian-packages.mjs'
import { ensureGuestImage } from './guest-image.mjs'
import { withLock } from './lock.mjs'
import { findRuntime } from './node-runtime.mjs'
import { ensureNpmPackages } from './npm-packages.mjs'
import { ensurePrismaClient } from './prisma-client.mjs'
import { makeSteps } from './steps.mjs'

/**
 * Brings the checkout to the point where every program of it runs; each step does nothing when its
 * result is there already. Safe to run twice at once: one waits for the other.
 *
 * @param image a path or address given instead of the image that is built; null without one
 * @returns the Node.js to run programs with, and their environment
 */
export async function prepare(image) {
  const steps = makeSteps(process.stdout)
  return await withLock(steps, async () => {
    const runtime = await ensureRuntime(steps)
    await ensurePrismaClient(steps, runtime)
    await ensureDebianPackages(steps)
    await ensureGuestImage(steps, runtime, image)
    return runtime
  })
}

/** The Node.js and npm packages alone: for programs that care for everything else themselves. */
export async function prepareRuntime() {
  const steps = makeSteps(process.stdout)
  return await withLock(steps, () => ensureRuntime(steps))
}

async function ensureRuntime(steps) {
  await ensureNpmPackages(steps)
  return findRuntime()
}
