import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'

const askAgain =
  'Ask for a new link: open Jupyter from the lease again, or send POST /v1/leases/{leaseId}/jupyter-link to the API.'

/** Every way in which the gateway says no to a browser. Unknown, foreign, ended and not ready are one and the same. */
const refusals = {
  'not-open': {
    status: 403,
    title: 'This machine is not open for you',
    text: `The link may have run out, or the machine is not ready. ${askAgain}`,
  },
  'code-spent': {
    status: 403,
    title: 'This link does not work any more',
    text: `A link opens once, and soon after it was made. ${askAgain}`,
  },
  foreign: {
    status: 403,
    title: 'This request came from another page',
    text: 'Only pages of the machine itself may talk to it. Open the machine in a window of its own.',
  },
  'too-large': {
    status: 413,
    title: 'This is too large for the gateway',
    text: 'Upload large files to your bucket (PUT /v1/files/…) and fetch them from inside the machine.',
  },
  'too-many': {
    status: 429,
    title: 'Too many connections to this machine',
    text: 'Close windows of this machine that you do not need, then try again.',
  },
  'machine-silent': {
    status: 502,
    title: 'The machine does not answer',
    text: 'Jupyter may still be starting. Try again in a few seconds; if it stays so, restart the lease.',
  },
  'machine-slow': {
    status: 504,
    title: 'The machine takes too long to answer',
    text: 'It may be busy. Try again in a few seconds; if it stays so, look at it over SSH.',
  },
  'bad-address': {
    status: 400,
    title: 'This address is not valid',
    text: 'Check the address, or open Jupyter from the lease again.',
  },
  unavailable: {
    status: 503,
    title: 'The gateway cannot check your session',
    text: 'This passes by itself, and nothing is lost. Try again in a few seconds.',
  },
} as const

export type Refusal = keyof typeof refusals

const style =
  ':root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem}'
const styleHash = createHash('sha256').update(style).digest('base64')

/** Answers with a page for people and with a line of text for programs. */
export function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  refusal: Refusal,
): FastifyReply {
  const { status, title, text } = refusals[refusal]
  reply.code(status).headers({
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none';style-src 'sha256-${styleHash}';frame-ancestors 'none';base-uri 'none';form-action 'none'`,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  })
  if (status === 429 || status >= 500) reply.header('retry-after', '5')
  if (!(request.headers.accept ?? '').includes('text/html'))
    return reply.type('text/plain; charset=utf-8').send(`${title}. ${text}\n`)
  return reply.type('text/html; charset=utf-8').send(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${text}</p>
</main>
</body>
</html>
`)
}
