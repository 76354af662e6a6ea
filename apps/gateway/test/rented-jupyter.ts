import type { OutgoingHttpHeaders } from 'node:http'
import type { GatewayLimits } from '../src/index.ts'
import { hostOf, openGateway, readyLease } from './gateway-harness.ts'
import { send } from './http-client.ts'
import { openJupyterServer } from './jupyter-server.ts'

export const idOf = (name: string) => readyLease(name, {}).id

/** A gateway with the ready leases `a` and `b`, each with a Jupyter of its own. */
export async function openRentedJupyter(limits: Partial<GatewayLimits> = {}) {
  const jupyter = await openJupyterServer()
  const other = await openJupyterServer()
  const gateway = await openGateway({ bodyBytes: 1_000, idleMs: 200, ...limits })
  const lease = () => readyLease('a', { jupyterPort: jupyter.port })
  gateway.put(lease())
  gateway.put(readyLease('b', { jupyterPort: other.port }))
  const get = (path: string, headers: OutgoingHttpHeaders = {}, name = 'a') =>
    send(gateway.httpPort, hostOf(idOf(name)), path, { headers })
  return {
    gateway,
    jupyter,
    other,
    /** The lease `a`. */
    lease,
    get,
    /** Opens a link of the lease and gives back the cookie. */
    signIn: async (name = 'a') => {
      const opened = await get(await gateway.linkPath(idOf(name)), {}, name)
      return opened.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
    },
    close: async () => {
      await gateway.close()
      await jupyter.close()
      await other.close()
    },
  }
}

export type RentedJupyter = Awaited<ReturnType<typeof openRentedJupyter>>
