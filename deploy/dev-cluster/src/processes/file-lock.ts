import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'

/**
 * Runs `work` while no other process of this computer holds `file`. The kernel holds the lock for a
 * child that ends when we do, so no crash leaves one behind.
 *
 * @param onWait called once when another process holds it
 */
export async function withFileLock<T>(
  file: string,
  signal: AbortSignal,
  onWait: () => void,
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true })
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    signal,
  })
  const gone = new Promise<never>((_, reject) => {
    holder.on('error', reject)
    holder.on('exit', (code) => reject(new Error(`flock ${file} ended with ${code}`)))
  })
  gone.catch(() => undefined)
  const waiting = setTimeout(onWait, 1_000)
  try {
    await Promise.race([once(holder.stdout, 'data'), gone])
  } finally {
    clearTimeout(waiting)
  }
  try {
    return await work()
  } finally {
    holder.stdin.end()
    holder.stdout.resume()
  }
}
