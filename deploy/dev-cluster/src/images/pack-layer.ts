import { runCommand } from '../processes/run-command.ts'

const limitMs = 5 * 60_000

/** Packs what is below a folder as a layer; the same files give the same bytes, whenever and by whomever. */
export async function packLayer(folder: string, file: string, signal: AbortSignal): Promise<void> {
  const reproducible = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner']
  await runCommand('tar', [...reproducible, '-C', folder, '-cf', file, '.'], {
    signal,
    timeoutMs: limitMs,
  })
}
