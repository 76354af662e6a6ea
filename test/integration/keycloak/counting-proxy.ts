import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Stands before one address and counts who asks for it. */
export async function countingProxy(target: string) {
  let requests = 0
  const server = createServer(async (_request, response) => {
    requests += 1
    const answer = await fetch(target)
    response
      .writeHead(answer.status, { 'content-type': 'application/json' })
      .end(await answer.text())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests: () => requests,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
