import { runCommand } from './run-command.mjs'

/**
 * Builds the guest image unless a cached one of the same recipe is there. `image` (a path or URL
 * that the person gave) is checked or fetched instead.
 */
export async function ensureGuestImage(steps, runtime, image) {
  const args = ['scripts/ensure-guest-image.ts', ...(image === null ? [] : ['--image', image])]
  await steps.run('guest image', (report) =>
    runCommand(runtime.node, args, {
      env: runtime.env,
      report,
      timeoutMs: 1_800_000,
      whatFails: 'The guest image could not be made.',
    }),
  )
}
