const requestTimeoutMs = 15_000
const maxSteps = 20

type Credentials = { readonly userName: string; readonly password: string }
type Form = { readonly action: string; readonly fields: Readonly<Record<string, string>> }

/**
 * What a browser does between the link of a device sign-in and its last page: follows redirects,
 * keeps cookies, sends each page's form on, and fills in user name and password where it is asked.
 * Throws with the page's heading when a page is not what a successful sign-in shows.
 */
export async function walkThroughPages(
  startUrl: string,
  credentials: Credentials,
  signal: AbortSignal | undefined,
): Promise<void> {
  const cookies = new Map<string, string>()
  let url = startUrl
  let body: URLSearchParams | null = null
  let hasAnswered = false
  for (let step = 0; step < maxSteps; step++) {
    const response = await visit(url, body, cookies, signal)
    const location = response.headers.get('location')
    const page = await response.text()
    if (location !== null) {
      url = sameOrigin(location, url)
      body = null
      continue
    }
    const form = formOf(page)
    if (!response.ok) throw new Error(`The sign-in failed: ${textOf(page)}`)
    if (form === null) {
      if (hasAnswered) return
      throw new Error(`The sign-in did not ask who you are: ${textOf(page)}`)
    }
    const asks = 'password' in form.fields
    hasAnswered ||= asks
    url = sameOrigin(form.action, url)
    body = new URLSearchParams({ ...form.fields, ...(asks ? credentials : {}) })
  }
  throw new Error(`The sign-in did not end after ${maxSteps} pages.`)
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

/** The first form of one of the issuer's own pages; optional buttons are not pressed. */
function formOf(page: string): Form | null {
  const [, tag = '', content = ''] = /<form\b([^>]*)>([\s\S]*?)<\/form>/.exec(page) ?? []
  if (tag === '') return null
  const inputs = [...content.matchAll(/<input\b([^>]*)>/g)].map(([, input = '']) => input)
  const fields = inputs.map((input) => [attribute(input, 'name'), attribute(input, 'value')])
  return { action: attribute(tag, 'action'), fields: Object.fromEntries(fields) }
}

function attribute(tag: string, name: string): string {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? ''
  return value.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
}

function textOf(page: string): string {
  const content = /<main>([\s\S]*?)<p class="note">/.exec(page)?.[1] ?? page
  return content
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300)
}
