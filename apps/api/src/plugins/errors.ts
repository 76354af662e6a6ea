import type { Problem, ProblemCode } from '@leasehold/contract'
import { DomainError } from '@leasehold/domain'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { allowedMethods, type KnownRoute } from './known-routes.ts'
import { problemOf } from './problem-answers.ts'
import { describeValidation } from './validation-problem.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set when the answer is a problem: for the log and for replays. */
    problemCode: ProblemCode | null
    /** What went wrong inside, for the log only. */
    failure: unknown
  }
}

const problemType = 'application/problem+json; charset=utf-8'

/** Turns every failure, ours and the framework's, into problem+json. Nothing internal leaves. */
export const errors = fp<{ knownRoutes: readonly KnownRoute[] }>(
  async (app, { knownRoutes }) => {
    app.decorateRequest('problemCode', null)
    app.decorateRequest('failure', null)
    app.setErrorHandler((error: FastifyError | DomainError, request, reply) =>
      sendProblem(request, reply, toProblem(error, request)),
    )
    app.setNotFoundHandler((request, reply) => {
      const methods = allowedMethods(knownRoutes, request.url)
      if (methods.length === 0)
        return sendProblem(
          request,
          reply,
          problemOf(
            'request/not-found',
            'There is nothing at this address; see /docs.',
            request.id,
          ),
        )
      void reply.header('allow', methods.join(', '))
      const detail = `This address answers ${methods.join(', ')} only.`
      return sendProblem(
        request,
        reply,
        problemOf('request/method-not-allowed', detail, request.id),
      )
    })
  },
  { name: 'errors' },
)

/** Answers with a problem and the headers that belong to its status. */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  problem: Problem,
): FastifyReply {
  request.problemCode = problem.code as ProblemCode
  if (problem.status === 401 && !reply.hasHeader('www-authenticate'))
    void reply.header('www-authenticate', challenge(request))
  if ((problem.status === 503 || problem.status === 429) && !reply.hasHeader('retry-after'))
    void reply.header('retry-after', '2')
  return reply
    .code(problem.status)
    .header('content-type', problemType)
    .send(JSON.stringify(problem))
}

/** RFC 6750 part 3: no error code when no token was sent at all. */
function challenge(request: FastifyRequest): string {
  const realm = 'Bearer realm="leasehold"'
  return request.headers.authorization === undefined ? realm : `${realm}, error="invalid_token"`
}

/** What the client may know about `error`. Whatever we did not foresee is `internal`, without words. */
function toProblem(error: FastifyError | DomainError, request: FastifyRequest): Problem {
  if (error instanceof DomainError)
    return problemOf(error.code, error.message, request.id, {
      field: error.field,
      facts: error.facts,
    })
  if (error.validation) {
    const { detail, field, facts } = describeValidation(error.validation, error.validationContext)
    return problemOf('request/invalid', detail, request.id, { field, facts })
  }
  const known = frameworkProblems[error.code]
  if (known !== undefined) return problemOf(known.code, known.detail, request.id)
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500)
    return problemOf('request/invalid', 'The request could not be understood.', request.id)
  request.failure = error
  return problemOf(
    'internal',
    'Something went wrong on our side. Try again; if it stays, give the request id to the operator.',
    request.id,
  )
}

type Known = { readonly code: ProblemCode; readonly detail: string }

const frameworkProblems: Readonly<Record<string, Known>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'request/too-large',
    detail: 'The body is larger than this address accepts. Put large files with PUT /v1/files/….',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'request/unsupported-media-type',
    detail: 'This media type is not read here. Send JSON as `application/json`, in UTF-8.',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'request/invalid',
    detail: 'The body is not as long as Content-Length says.',
  },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'request/invalid', detail: 'The body is not valid JSON.' },
  FST_ERR_BAD_URL: {
    code: 'request/invalid',
    detail: 'The address holds a broken percent-encoding.',
  },
  FST_ERR_MAX_PARAM_LENGTH: {
    code: 'request/invalid',
    detail: 'A part of the address is too long.',
  },
}
