const requestTimeoutMs = 15_000
const maxSteps = 20

type Credentials = { readonly userName: string; readonly password: string }
type Form = { readonly action: string; readonly fields: Readonly<Record<string, string>> }

export type Walk = {
  /** The walk is over when a page leads to an address that begins so. Absent: at a page without a form. */
  readonly endsAt?: string
  readonly signal?: AbortSignal | undefined
}

/**
 * What a browser does between the link of a sign-in and its end: follows redirects, keeps cookies,
 * sends each page's form on, and fills in user name and password where it is asked. Works on the pages
 * of the development issuer and of Keycloak. Gives the address where it ended, and throws with the
 * page's words when a page is not what a successful sign-in shows.
 */
export async function walkThroughPages(
  startUrl: string,
  credentials: Credentials,
  { endsAt, signal }: Walk = {},
): Promise<string> {
  const cookies = new Map<string, string>()
  let url = startUrl
  let body: URLSearchParams | null = null
  let passwordsGiven = 0
  for (let step = 0; step < maxSteps; step++) {
    const response = await visit(url, body, cookies, signal)
    const location = response.headers.get('location')
    const page = await response.text()
    if (location !== null) {
      if (endsAt !== undefined && location.startsWith(endsAt)) return location
      url = sameOrigin(location, url)
      body = null
      continue
    }
    const form = formOf(page)
    if (!response.ok) throw new Error(`The sign-in failed: ${textOf(page)}`)
    if (form === null) {
      if (passwordsGiven > 0 && endsAt === undefined) return url
      throw new Error(`The sign-in did not ask who you are: ${textOf(page)}`)
    }
    // Who is asked again has given a wrong one.
    if ('password' in form.fields && ++passwordsGiven > 1)
      throw new Error(`The sign-in failed: ${textOf(page)}`)
    url = sameOrigin(form.action, url)
    body = new URLSearchParams({ ...form.fields, ...answers(form, credentials) })
  }
  throw new Error(`The sign-in did not end after ${maxSteps} pages.`)
}

/** The fields that ask who somebody is, under both names; Keycloak asks on two pages. */
function answers({ fields }: Form, { userName, password }: Credentials): Form['fields'] {
  const known = { userName, username: userName, password }
  return Object.fromEntries(Object.entries(known).filter(([name]) => name in fields))
}

async function visit(
  url: string,
  body: URLSearchParams | null,
  cookies: Map<string, string>,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const timeout = AbortSignal.timeout(requestTimeoutMs)
  const response = await fetch(url, {
    method: body === null ? 'GET' : 'POST',
    body,
    redirect: 'manual',
    headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  })
  for (const line of response.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(line) ?? []
    if (value === '') cookies.delete(name)
    else cookies.set(name, value)
  }
  return response
}

/** Credentials are only ever sent to where the sign-in began. */
function sameOrigin(target: string, from: string): string {
  const url = new URL(target, from)
  if (url.origin !== new URL(from).origin) throw new Error('The sign-in leads to another address.')
  return url.href
}

/** The first form of a page; of several buttons the first is pressed, which is the one that goes on. */
function formOf(page: string): Form | null {
  const [, tag = '', content = ''] = /<form\b([^>]*)>([\s\S]*?)<\/form>/.exec(page) ?? []
  if (tag === '') return null
  const inputs = [...content.matchAll(/<input\b([^>]*)>/g)].map(([, input = '']) => input)
  const isButton = (input: string) => attribute(input, 'type') === 'submit'
  const pressed = inputs.find(isButton)
  const fields = inputs
    .filter((input) => input === pressed || !isButton(input))
    .map((input) => [attribute(input, 'name'), attribute(input, 'value')])
    .filter(([name]) => name !== '')
  return { action: attribute(tag, 'action'), fields: Object.fromEntries(fields) }
}

function attribute(tag: string, name: string): string {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? ''
  return value.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
}

function textOf(page: string): string {
  const content =
    /<main>([\s\S]*?)<p class="note">/.exec(page)?.[1] ?? keycloakMessage(page) ?? page
  return content
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300)
}

/** What Keycloak's pages say is wrong: beside a field, above the form, or on a page of its own. */
function keycloakMessage(page: string): string | undefined {
  return /class="[^"]*(?:kc-feedback-text|instruction)[^"]*"[^>]*>([^<]+)</.exec(page)?.[1]
}
