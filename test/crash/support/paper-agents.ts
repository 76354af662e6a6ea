import { setTimeout as after } from 'node:timers/promises'
import type { RunOrder } from '@leasehold/application'
import type { PaperPlace } from './paper-place.ts'

/**
 * Plays the agent inside every task machine of the paper place: speaks the real Run API, tries again
 * while the platform is down, and powers its machine off when its credential is dead. Outputs are sent
 * when `beforeOutputs` has resolved.
 */
export function startPaperAgents(
  place: PaperPlace,
  runApi: () => string,
  beforeOutputs: () => Promise<unknown> = async () => {},
) {
  const ending = new AbortController()
  const playing = new Map<string, Promise<void>>()
  const loop = (async () => {
    while (!ending.signal.aborted) {
      for (const order of place.tasks.running()) {
        const key = `${order.taskId}/${order.attempt}`
        if (playing.has(key)) continue
        playing.set(key, play(order, runApi, place, beforeOutputs, ending.signal))
      }
      await after(50)
    }
  })()
  return {
    async stop() {
      ending.abort()
      await Promise.all([loop, ...playing.values()])
    },
  }
}

async function play(
  order: RunOrder,
  runApi: () => string,
  place: PaperPlace,
  beforeOutputs: () => Promise<unknown>,
  ending: AbortSignal,
): Promise<void> {
  const isOn = () => place.tasks.running().some((each) => each.credential === order.credential)
  const say = async (
    method: string,
    path: string,
    body: string | Uint8Array<ArrayBuffer>,
    type: string,
  ) => {
    while (isOn() && !ending.aborted) {
      try {
        const response = await fetch(`${runApi()}/run/v1/${path}`, {
          method,
          body,
          headers: { authorization: `Bearer ${order.credential}`, 'content-type': type },
          signal: AbortSignal.timeout(5_000),
        })
        if (response.status === 401) return null
        if (response.ok) return response
      } catch {
        // The platform is down: agents wait for it.
      }
      await after(200)
    }
    return null
  }
  const json = 'application/json'
  const log = new TextEncoder().encode(`hello from ${order.taskId}\n`)
  const isAlive =
    (await say('POST', 'begin', '{}', json)) !== null &&
    (await say('POST', 'log?offset=0', log, 'application/octet-stream')) !== null &&
    (await beforeOutputs().then(() => true)) &&
    (await say('PUT', 'outputs/result.txt', log, 'application/octet-stream')) !== null &&
    (await say(
      'POST',
      'finish',
      JSON.stringify({ exit: { code: 0, signal: null }, failure: null, detail: null }),
      json,
    )) !== null
  if (!isAlive || isOn()) place.tasks.kill(order.taskId)
}
