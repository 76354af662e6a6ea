import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hostOf } from '../../test/gateway-harness.ts'
import { send } from '../../test/http-client.ts'
import { idOf, openRentedJupyter, type RentedJupyter } from '../../test/rented-jupyter.ts'

let rented: RentedJupyter
beforeEach(async () => {
  rented = await openRentedJupyter()
})
afterEach(() => rented.close())

describe('requests from other pages', () => {
  const own = `http://${hostOf(idOf('a'))}`
  it.each<[string, string, Record<string, string>]>([
    ['a form of another site', 'POST', { origin: 'https://evil.example' }],
    ['a page of another lease', 'POST', { origin: `http://${hostOf(idOf('b'))}` }],
    ['a page without an origin', 'POST', { origin: 'null' }],
    ['our host on another port', 'POST', { origin: `${own}:81` }],
    ['our host over another scheme', 'POST', { origin: own.replace('http:', 'https:') }],
    ['a script of another lease that reads', 'GET', { origin: `http://${hostOf(idOf('b'))}` }],
    ['an embedded resource', 'GET', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' }],
    [
      'a frame',
      'GET',
      {
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'iframe',
      },
    ],
    [
      'a form without an origin header',
      'POST',
      {
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
      },
    ],
  ])('are refused: %s', async (_what, method, headers) => {
    const cookie = await rented.signIn()

    const answer = await send(rented.gateway.httpPort, hostOf(idOf('a')), '/api', {
      method,
      headers: { cookie, ...headers },
    })

    expect(answer.status).toBe(403)
    expect(answer.body).toContain('another page')
    expect(rented.jupyter.arrived).toEqual([])
  })

  it.each<[string, string, Record<string, string>]>([
    ['its own page', 'POST', { origin: own, 'sec-fetch-site': 'same-origin' }],
    ['a program', 'POST', {}],
    [
      'a link that somebody follows',
      'GET',
      {
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
      },
    ],
  ])('pass when they come from %s', async (_what, method, headers) => {
    const cookie = await rented.signIn()

    const answer = await send(rented.gateway.httpPort, hostOf(idOf('a')), '/api', {
      method,
      headers: { cookie, ...headers },
    })

    expect(answer.status).toBe(200)
  })
})
