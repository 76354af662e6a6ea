import {
  makeAppendRunLog,
  makeBeginRun,
  makeFinishRun,
  makeHeartbeatRun,
} from '@leasehold/application'
import { DomainError, type TaskId } from '@leasehold/domain'
import { isTrouble } from './faulty-ports.ts'
import { poolsOf } from './ports.ts'
import type { Process } from './scheduler.ts'
import type { World } from './world.ts'

const { signal } = new AbortController()

/** Puts an agent into every machine that a run gets. They outlive workers and the API. */
export function startGuests(world: World): Process {
  const process: Process = { name: 'guest', isAlive: true }
  const ports = world.portsFor(process)
  const parts = { ...ports, pools: poolsOf(ports), hints: world.queue.hints }
  const agentApi = {
    begin: makeBeginRun(parts),
    append: makeAppendRunLog(parts),
    heartbeat: makeHeartbeatRun(parts),
    finish: makeFinishRun(parts),
  }
  const known = new Set<string>()
  void (async () => {
    for (;;) {
      await world.scheduler.sleep(process, 1_000)
      for (const { taskId, attempt, credential } of world.ports.runs.running()) {
        const key = `${taskId} ${attempt}`
        if (known.has(key)) continue
        known.add(key)
        void runAgent(world, process, agentApi, taskId, credential)
      }
    }
  })()
  return process
}

type AgentApi = {
  readonly begin: ReturnType<typeof makeBeginRun>
  readonly append: ReturnType<typeof makeAppendRunLog>
  readonly heartbeat: ReturnType<typeof makeHeartbeatRun>
  readonly finish: ReturnType<typeof makeFinishRun>
}

async function runAgent(
  world: World,
  process: Process,
  { begin, append, heartbeat, finish }: AgentApi,
  taskId: TaskId,
  credential: string,
): Promise<void> {
  const { random, scheduler, witness, ports } = world
  const isAlive = () => ports.runs.running().some((order) => order.credential === credential)
  const ask = <Answer>(request: () => Promise<Answer>) =>
    untilAnswered(world, process, isAlive, request)
  await scheduler.sleep(process, random.whole(500, 8_000))
  if ((await ask(() => begin(credential, signal))) === null) return
  const pieces = random.chance(0.15) ? 1_000 : random.whole(0, 5)
  let written = ''
  for (let piece = 0; piece < pieces; piece++) {
    await scheduler.sleep(process, random.whole(500, 15_000))
    if (random.chance(0.03)) return
    if (random.chance(0.02)) ports.runs.kill(taskId)
    const line = `line ${piece}\n`
    const at = written.length
    const taken = await ask(() => append(credential, at, Buffer.from(line)))
    if (taken === null) return
    written += line
    // Only what an agent that still lives was told counts as a promise.
    if (taken.length >= written.length) witness.ackedLog.set(taskId, written)
    const answer = await ask(() => heartbeat(credential, { fraction: 0.5, text: line.trim() }))
    if (answer === null) return
    if (answer.do === 'stop') break
  }
  const exit = { code: random.chance(0.8) ? 0 : 1, signal: null }
  await ask(() => finish(credential, { exit, failure: null, detail: null }))
}

/** Asks until there is an answer; null when the agent has to give up, or is gone with its machine. */
async function untilAnswered<Answer>(
  { scheduler, witness }: World,
  process: Process,
  isAlive: () => boolean,
  request: () => Promise<Answer>,
): Promise<Answer | null> {
  while (isAlive()) {
    try {
      const answer = await request()
      return isAlive() ? answer : null
    } catch (error) {
      if (error instanceof DomainError && error.code.startsWith('run/')) return null
      if (!isTrouble(error) && !(error instanceof DomainError)) {
        witness.problems.push(`an agent met an unexpected error: ${(error as Error).stack}`)
        return null
      }
      await scheduler.sleep(process, 1_000)
    }
  }
  return null
}
