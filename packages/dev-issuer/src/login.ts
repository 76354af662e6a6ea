import type { IncomingMessage, ServerResponse } from 'node:http'
import { errors, type Provider } from 'oidc-provider'
import { contentSecurityPolicy, loginPage, messagePage } from './pages.ts'
import { subjectOf } from './people.ts'
import type { PeopleDirectory } from './people-directory.ts'

const maxFormBytes = 4_096

/** The page where people sign in, at `/interaction/<uid>`; the library's cookie says which sign-in it is. */
export function makeLogin(provider: Provider, realmPath: string, people: PeopleDirectory) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const { uid } = await provider.interactionDetails(request, response)
      const action = `${realmPath}/interaction/${uid}`
      if (request.method !== 'POST') return sendPage(response, 200, loginPage(action, '', null))
      const form = new URLSearchParams(await readForm(request))
      const userName = form.get('userName') ?? ''
      const person = people.findByPassword(userName, form.get('password') ?? '')
      if (person === null) {
        const failure = 'The user name or the password is wrong.'
        return sendPage(response, 401, loginPage(action, userName, failure))
      }
      const login = { accountId: subjectOf(person) }
      await provider.interactionFinished(
        request,
        response,
        { login },
        { mergeWithLastSubmission: false },
      )
    } catch (error) {
      if (!(error instanceof errors.OIDCProviderError) && !(error instanceof FormTooLarge))
        throw error
      const message =
        'This sign-in has ended or began in another browser. Start again from the application.'
      sendPage(response, 400, messagePage('Sign-in not found', message))
    }
  }
}

export function sendPage(response: ServerResponse, status: number, page: string): void {
  response
    .writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    .end(page)
}

class FormTooLarge extends Error {}

async function readForm(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.byteLength
    if (sizeBytes > maxFormBytes) throw new FormTooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
