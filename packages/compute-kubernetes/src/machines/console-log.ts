import { kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import { KubeError } from '../client/kube-error.ts'
import type { LauncherPod } from './kubevirt-objects.ts'
import { refOf } from './machine-parts.ts'

/** KubeVirt's container that prints what the guest writes to its serial console (`logSerialConsole`). */
const container = 'guest-console-log'
/** Boot messages are shorter than this on the average; the bytes are cut afterwards. */
const bytesPerLine = 40
const timeLimitMs = 10_000

/** The last output of a machine's console; empty when there is none yet. */
export async function readConsoleLog(
  client: KubeClient,
  pods: readonly LauncherPod[],
  maxBytes: number,
): Promise<string> {
  const [newest] = [...pods].sort((a, b) => (createdAt(a) < createdAt(b) ? 1 : -1))
  if (newest === undefined || maxBytes <= 0) return ''
  const signal = AbortSignal.timeout(timeLimitMs)
  const tailLines = Math.ceil(maxBytes / bytesPerLine) + 1
  try {
    const log = await client.podLog(refOf(kinds.pods, newest), { container, tailLines }, signal)
    return await lastBytes(log, maxBytes)
  } catch (error) {
    // 400: the container does not run yet; 404: the pod has just gone.
    if (error instanceof KubeError && (error.status === 400 || error.status === 404)) return ''
    throw error
  }
}

function createdAt({ metadata }: LauncherPod): string {
  return metadata.creationTimestamp ?? ''
}

async function lastBytes(source: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  let last = Buffer.alloc(0)
  for await (const chunk of source)
    last = Buffer.concat([last, Buffer.from(chunk)]).subarray(-maxBytes)
  return last.toString('utf8')
}
