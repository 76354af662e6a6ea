/**
 * What a person does with the link of a letter: opens it, goes on, and chooses a password on Keycloak's real
 * pages. Gives the words of the last page.
 */
export async function choosePassword(link: string, password: string): Promise<string> {
  const cookies = new Map<string, string>()
  let page = await visit(link, null, cookies)
  const goOn = /href="([^"]*action-token[^"]*)"/.exec(page)?.[1]
  if (goOn !== undefined) page = await visit(new URL(plain(goOn), link).href, null, cookies)
  const action = /<form\b[^>]*\baction="([^"]*)"/.exec(page)?.[1]
  if (action === undefined || !page.includes('password-new'))
    throw new Error(`The page does not ask for a new password: ${wordsOf(page)}`)
  const fields = { 'password-new': password, 'password-confirm': password }
  const form = new URLSearchParams(fields)
  return wordsOf(await visit(new URL(plain(action), link).href, form, cookies))
}

/** Follows redirects within Keycloak with the cookies that it sets. */
async function visit(
  url: string,
  body: URLSearchParams | null,
  cookies: Map<string, string>,
): Promise<string> {
  const response = await fetch(url, {
    method: body === null ? 'GET' : 'POST',
    body,
    redirect: 'manual',
    headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    signal: AbortSignal.timeout(15_000),
  })
  for (const line of response.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(line) ?? []
    cookies.set(name, value)
  }
  const location = response.headers.get('location')
  const page = await response.text()
  return location === null ? page : visit(new URL(location, url).href, null, cookies)
}

function plain(text: string): string {
  return text.replaceAll('&amp;', '&')
}

function wordsOf(page: string): string {
  return page
    .replace(/<(script|style)\b[\s\S]*?<\/\1>/g, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}
