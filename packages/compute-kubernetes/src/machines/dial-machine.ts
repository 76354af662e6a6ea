import { createConnection } from 'node:net'
import { kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { Dial } from './ssh-readiness.ts'

/** Straight to the machine's address: where Leasehold runs in the cluster, or has a route to its pods. */
export const dialPodNetwork: Dial = ({ host, port }, signal) =>
  new Promise((resolve, reject) => {
    const socket = createConnection({ host, port })
    const fail = (error: unknown) => {
      socket.destroy()
      reject(error)
    }
    const abort = () => fail(signal.reason)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    socket.on('error', fail)
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort)
      socket.off('error', fail)
      resolve(socket)
    })
  })

/** Through the API server and KubeVirt: needs no route to pods, and costs the API server every byte. */
export function dialPortForward(client: KubeClient): Dial {
  return ({ namespace, name, port }, signal) =>
    client.stream(
      { kind: kinds.virtualMachineInstances, namespace, name },
      { portForward: port },
      signal,
    )
}
