import type { Duplex } from 'node:stream'
import type { Pause } from '@leasehold/application'
import type { LeaseId } from '@leasehold/domain'

/** Where a machine's SSH server should be. */
export type MachineTarget = {
  readonly namespace: string
  /** Of the VirtualMachineInstance. */
  readonly name: string
  readonly host: string
  readonly port: number
}

/** Opens a connection to a machine: over the pod network, or through KubeVirt's port-forward. */
export type Dial = (target: MachineTarget, signal: AbortSignal) => Promise<Duplex>

/** Knows in which machine instances SSH has answered, and finds out about others while somebody asks. */
export type SshReadiness = {
  /** Whether SSH has answered in the instance with this uid. Once is enough: an instance is never booted twice. */
  answers(uid: string): boolean
  /** Sees to it that the instance is tried, unless it is being tried already. */
  ask(id: LeaseId, uid: string, target: MachineTarget): void
  forget(uid: string): void
}

type Deps = {
  readonly dial: Dial
  readonly pause: Pause
  readonly now: () => number
  readonly onAnswer: (id: LeaseId) => void
  readonly signal: AbortSignal
}

const attemptMs = 3_000
/** Each connection costs a booting guest time that it has little of. */
const pausesMs = [500, 1_000, 2_000, 3_000, 5_000]
const interestMs = 60_000
const atOnce = 32
/** RFC 4253, 4.2: the banner may come after other lines; servers in use send it first. */
const banner = 'SSH-2.0-'

export function makeSshReadiness(deps: Deps): SshReadiness {
  const { now, pause, signal, onAnswer } = deps
  const answered = new Set<string>()
  const askedAt = new Map<string, number>()
  const turns = makeTurns(atOnce)

  const isWanted = (uid: string) =>
    !signal.aborted && now() - (askedAt.get(uid) ?? Number.NEGATIVE_INFINITY) < interestMs

  const tryUntilAnswered = async (id: LeaseId, uid: string, target: MachineTarget) => {
    for (let attempt = 0; isWanted(uid); attempt++) {
      if (await turns(() => sshAnswers(deps.dial, target, signal))) {
        if (!askedAt.has(uid)) return
        answered.add(uid)
        onAnswer(id)
        return
      }
      await pause(pausesMs[Math.min(attempt, pausesMs.length - 1)] ?? 0, signal)
    }
  }
  return {
    answers: (uid) => answered.has(uid),
    ask(id, uid, target) {
      const isTried = isWanted(uid)
      askedAt.set(uid, now())
      if (isTried || answered.has(uid)) return
      void tryUntilAnswered(id, uid, target).finally(() => askedAt.delete(uid))
    },
    forget(uid) {
      answered.delete(uid)
      askedAt.delete(uid)
    },
  }
}

/** Whether an SSH server sends its banner within the time limit. Never throws. */
async function sshAnswers(
  dial: Dial,
  target: MachineTarget,
  signal: AbortSignal,
): Promise<boolean> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(attemptMs)])
  try {
    const connection = await dial(target, limit)
    return await startsWithBanner(connection, limit)
  } catch {
    return false
  }
}

function startsWithBanner(connection: Duplex, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    let heard = ''
    const settle = (answers: boolean) => {
      signal.removeEventListener('abort', giveUp)
      connection.destroy()
      resolve(answers)
    }
    const giveUp = () => settle(false)
    if (signal.aborted) return giveUp()
    signal.addEventListener('abort', giveUp, { once: true })
    connection.on('error', giveUp).on('close', giveUp).on('end', giveUp)
    connection.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1')
      if (heard.length >= banner.length) settle(heard.startsWith(banner))
    })
  })
}

/** Lets so many things happen at once; the rest waits in line. */
function makeTurns(places: number) {
  const waiting: (() => void)[] = []
  let free = places
  return async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }
}
