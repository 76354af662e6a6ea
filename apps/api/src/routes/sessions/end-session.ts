import type { EndSession } from '@leasehold/application'
import { DomainError } from '@leasehold/domain'
import type { FastifyPluginAsync } from 'fastify'
import { noContent, problems } from '../answers.ts'

const mostBytes = 32_768
const formType = /^application\/x-www-form-urlencoded(; ?charset="?utf-8"?)?$/i

const schema = {
  operationId: 'endSession',
  summary: 'Take note that a sign-in is over',
  description:
    'For the identity provider: OpenID Connect Back-Channel Logout 1.0. Access tokens of the session are refused from then on, by every replica within three seconds.',
  tags: ['sessions'],
  consumes: ['application/x-www-form-urlencoded'],
  body: {
    type: 'object',
    required: ['logout_token'],
    properties: {
      logout_token: {
        type: 'string',
        minLength: 1,
        maxLength: 16_384,
        description: 'The logout token, a signed JWT.',
      },
    },
  },
  response: { 204: noContent('The session is over.'), ...problems(413, 415) },
}

/** POST /v1/backchannel-logout. Whoever sends refused tokens is not heard for a while, as with access tokens. */
export const endSessionRoute: FastifyPluginAsync<{ endSession: EndSession }> = async (
  app,
  { endSession },
) => {
  // For this route only: nowhere else is a form read.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: mostBytes },
    (request, text, done) => {
      if (!formType.test(request.headers['content-type'] ?? '')) return done(notAForm())
      done(null, fieldsOf(text as string))
    },
  )
  const config = { public: true, refusalsCount: true } as const
  app.post('', { schema, config, bodyLimit: mostBytes }, async (request, reply) => {
    const { logout_token: token } = request.body as { readonly logout_token: string }
    await endSession(token)
    // The specification (§2.8) wants the answer not to be kept.
    return reply.code(204).header('cache-control', 'no-store').send()
  })
}

/** A field that comes twice counts as none: parsers differ in which one they read. */
function fieldsOf(text: string): Readonly<Record<string, string>> {
  const fields = new URLSearchParams(text)
  const tokens = fields.getAll('logout_token')
  return tokens.length === 1 ? { logout_token: tokens[0] as string } : {}
}

function notAForm(): Error {
  return new DomainError(
    'request/invalid',
    'Send the logout token as `application/x-www-form-urlencoded`, in UTF-8.',
  )
}
