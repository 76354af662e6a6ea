import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FollowTaskLog } from '@leasehold/application'
import { DomainError, type TaskId } from '@leasehold/domain'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { ApiSettings } from '../../api-settings.ts'
import { sendProblem } from '../../plugins/errors.ts'
import { problemOf } from '../../plugins/problem-answers.ts'
import { signalOf } from '../../plugins/time-limit.ts'
import { problems } from '../answers.ts'
import { TaskParams } from '../id-params.ts'
import { logEvents } from './log-events.ts'

const schema = {
  operationId: 'streamTaskLog',
  summary: 'Follow the output of a task live',
  description:
    'Server-Sent Events. `event: log` carries a LogChunk as JSON and as `id` the byte offset after it; send that as `Last-Event-ID` to go on from there. Comments keep the connection alive. `event: end` carries a LogEnd and is the last. A stream without it was cut: by its time limit, or within seconds of the end of the reader’s sign-in (not when the access token expires).',
  tags: ['tasks'],
  params: TaskParams,
  headers: Type.Object({
    'last-event-id': Type.Optional(
      Type.String({
        maxLength: 20,
        description: 'Byte offset to go on from: a whole number.',
        examples: ['4096'],
      }),
    ),
  }),
  response: {
    200: {
      description: 'The stream.',
      content: {
        'text/event-stream': {
          schema: Type.String({
            examples: ['id: 6\nevent: log\ndata: {"offset":0,"text":"hello\\n"}\n\n'],
          }),
        },
      },
    },
    ...problems(404),
  },
}

/** GET /v1/tasks/:taskId/log/stream */
export const streamTaskLogRoute: FastifyPluginAsyncTypebox<{
  followTaskLog: FollowTaskLog
  stream: ApiSettings['stream']
}> = async (app, { followTaskLog, stream }) => {
  const ends = new Set<() => void>()
  // A server that closes would otherwise wait for streams that have no end of their own.
  app.addHook('preClose', (done) => {
    for (const end of ends) end()
    done()
  })
  const config = { timeLimitMs: stream.longestMs }
  const open = makeStreamCounter(stream.maxPerTenant)

  app.get('/:taskId/log/stream', { schema, config }, async (request, reply) => {
    const offset = offsetFrom(request.headers['last-event-id'])
    const { tenantId } = request
    const leave = open.enter(tenantId)
    if (leave === null) {
      const detail = `At most ${stream.maxPerTenant} live streams per tenant: close one first.`
      return sendProblem(
        request,
        reply,
        problemOf('request/rate-limited', detail, request.id),
      ) as never
    }
    const gone = signalOf(request)
    const end = () => request.departure.controller?.abort()
    ends.add(end)
    const forget = endWhenSignedOut(request, stream.signInCheckMs, end)
    reply.raw.once('close', () => {
      forget()
      leave()
      ends.delete(end)
    })

    const taskId = request.params.taskId as TaskId
    const pieces = await followTaskLog(tenantId, taskId, offset, gone)

    void reply
      .header('content-type', 'text/event-stream; charset=utf-8')
      .header('x-accel-buffering', 'no')
      // The stream is the last thing on its connection; kept alive, it would hold up a server that closes.
      .header('connection', 'close')
    return reply.send(Readable.from(logEvents(pieces, stream.heartbeatMs, gone)) as never)
  })
}

/** Looks from time to time; gives what stops looking. While nobody can say whether the reader is signed in, the stream goes on. */
function endWhenSignedOut(request: FastifyRequest, everyMs: number, end: () => void): () => void {
  const timer = setInterval(() => {
    request.isSignedOut().then(
      (isSignedOut) => {
        if (isSignedOut) end()
      },
      (error) => request.log.warn({ err: error }, 'who reads a log could not be looked up'),
    )
  }, everyMs).unref()
  return () => clearInterval(timer)
}

function offsetFrom(header: string | undefined): number {
  if (header === undefined || header === '') return 0
  const offset = /^[0-9]{1,15}$/.test(header) ? Number(header) : -1
  if (offset >= 0) return offset
  throw new DomainError(
    'request/invalid',
    'Last-Event-ID is the id of an earlier event: a whole number.',
    {},
    '/headers/last-event-id',
  )
}

/** Counts live streams per tenant; `enter` gives what to call when one ends, or null when there are too many. */
function makeStreamCounter(limit: number) {
  const counts = new Map<string, number>()
  return {
    enter(key: string): (() => void) | null {
      const count = counts.get(key) ?? 0
      if (count >= limit) return null
      counts.set(key, count + 1)
      return () => {
        const left = (counts.get(key) ?? 1) - 1
        if (left === 0) counts.delete(key)
        else counts.set(key, left)
      }
    },
  }
}
