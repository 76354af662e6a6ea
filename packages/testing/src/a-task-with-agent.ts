import {
  makeAppendRunLog,
  makeBeginRun,
  makeFinishRun,
  makeHeartbeatRun,
  makeOpenRunInput,
  makeReadRunScript,
  makeStoreRunOutput,
  makeSubmitTask,
} from '@leasehold/application'
import type { Task, TaskId } from '@leasehold/domain'
import { type APlatform, aPlatform } from './a-platform.ts'
import { aTaskRequest } from './builders/a-request.ts'

const { signal } = new AbortController()
const bucket = 'leasehold-ten-acme'

/** The text as a body of one piece. */
async function* once(text: string) {
  yield Buffer.from(text)
}

export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of body) parts.push(part)
  return Buffer.concat(parts).toString()
}

export async function upload({ objects }: APlatform, path: string, text: string): Promise<void> {
  const sizeBytes = Buffer.byteLength(text)
  const facts = { sizeBytes, contentType: 'text/plain', sha256: null }
  await objects.put(bucket, path, once(text), facts, signal)
}

/** A platform with one submitted task whose machine is there, and the agent in it. The bucket holds `data/a.csv` and `data/deep/b.csv`. */
export async function aTaskWithAgent(facts: Parameters<typeof aTaskRequest>[0] = {}) {
  const platform = await aPlatform()
  await upload(platform, 'data/a.csv', 'aaa')
  await upload(platform, 'data/deep/b.csv', 'bb')
  const { id } = await makeSubmitTask(platform)(aTaskRequest(facts), signal)
  await platform.settle()
  const task = () => platform.memory.tasks.get(id)?.item as Task
  return { platform, id, task, agent: agentOf(platform, id) }
}

/** What the agent of a run says to the platform, with the credential of its first attempt. */
function agentOf(platform: APlatform, id: TaskId) {
  const credential = platform.secrets.runCredential(id, 1)
  return {
    credential,
    begin: () => makeBeginRun(platform)(credential, signal),
    script: () => makeReadRunScript(platform)(credential, signal),
    input: (index: number) => makeOpenRunInput(platform)(credential, index, signal),
    log: (offset: number, text: string) =>
      makeAppendRunLog(platform)(credential, offset, Buffer.from(text)),
    heartbeat: (fraction: number | null) =>
      makeHeartbeatRun(platform)(credential, fraction === null ? null : { fraction, text: 'on' }),
    output: (path: string, text: string) =>
      makeStoreRunOutput(platform)(
        credential,
        { path, body: once(text), sizeBytes: Buffer.byteLength(text), sha256: null },
        signal,
      ),
    finish: (code: number | null) =>
      makeFinishRun(platform)(credential, {
        exit: { code, signal: null },
        failure: null,
        detail: null,
      }),
  }
}
