import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('./main.ts', import.meta.url))

/**
 * Makes the cluster in the folder end with this process, however that ends: a process of its own
 * waits for the end of a pipe, which the kernel closes for whoever is killed.
 */
export function guardCluster(folder: string, cacheFolder: string): void {
  const guard = spawn(process.execPath, [program, folder, cacheFolder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.unref()
  // Only the end of the pipe says something; the handle must not keep us alive.
  guard.stdin.on('error', () => undefined)
  if ('unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref()
}
