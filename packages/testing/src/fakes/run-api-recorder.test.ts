import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { startRunApi } from './run-api-recorder.ts'

it('bears an agent that goes in the middle of what it says, and hears the next', async () => {
  const runApi = await startRunApi()
  const run = runApi.expectRun({ script: 'true' })
  const authorization = `Bearer ${run.credential}`
  const socket = connect(runApi.port, '127.0.0.1')
  const head = `POST /run/v1/log?offset=0 HTTP/1.1\r\nhost: platform\r\nauthorization: ${authorization}\r\n`
  socket.write(`${head}content-length: 100\r\n\r\nhalf`)
  await expect.poll(() => run.requests).toHaveLength(1)

  socket.destroy()
  await once(socket, 'close')
  const body = 'whole'
  const answer = await fetch(`${runApi.url}/run/v1/log?offset=0`, {
    method: 'POST',
    headers: { authorization },
    body,
  })
  await runApi.close()

  expect(await answer.json()).toEqual({ length: body.length })
  expect(run.log().toString()).toBe(body)
})
