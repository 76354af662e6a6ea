import type { JupyterLink, Lease } from '@leasehold/contract'
import { runCell } from '../../client/jupyter.ts'
import { waitFor } from '../../client/wait-for.ts'
import type { Tell } from '../narrator.ts'
import type { Session } from '../session.ts'

const startLimitMs = 300_000
const cellLimitMs = 300_000
const cell = 'import platform\nprint(platform.node(), sum(n * n for n in range(1000)))'
const expected = '332833500'

/** Opens Jupyter as a browser would, by its one-time link, and executes a cell. Gives the link back, used up. */
export async function useJupyter(session: Session, lease: Lease, tell: Tell): Promise<string> {
  const { renter, browser } = session
  const link = await renter.send<JupyterLink>('POST', `/v1/leases/${lease.id}/jupyter-link`)
  tell(`one-time link, good until ${link.expiresAt}: ${link.url.slice(0, 60)}…`)
  const opened = await browser.fetch(link.url)
  const target = opened.headers.location
  if (opened.status < 300 || opened.status > 399 || target === undefined)
    throw new Error(`the link answered ${opened.status}: ${opened.text.slice(0, 300)}`)
  const { origin } = new URL(link.url)
  tell(`signed in by cookie, sent on to ${new URL(target, origin).pathname}`)
  // SSH answers first: Jupyter comes up a while later where the machine is slow.
  const page = await waitFor(
    'Jupyter',
    () => followPages(session, new URL(target, origin).href),
    ({ status }) => status !== 502,
    { withinMs: startLimitMs, everyMs: 2_000 },
  )
  if (page.status !== 200) throw new Error(`Jupyter answered ${page.status}`)
  const printed = await runCell(browser, origin, cell, cellLimitMs)
  tell(`In [1]: ${cell.replaceAll('\n', '\n        ')}`)
  tell(`Out:    ${printed.trim()}`)
  if (!printed.includes(expected)) throw new Error(`the cell printed something else: ${printed}`)
  return link.url
}

async function followPages({ browser }: Session, first: string) {
  let page = await browser.fetch(first)
  let address = first
  for (let hop = 0; hop < 5 && page.status >= 300 && page.status < 400; hop++) {
    address = new URL(page.headers.location ?? '/', address).href
    page = await browser.fetch(address)
  }
  return page
}
