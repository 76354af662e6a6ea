import { systemClock } from '@leasehold/access'
import { composeApi } from '@leasehold/api'
import { loadConfig } from '@leasehold/config'
import { developmentSecrets, testClientId } from '@leasehold/keycloak'
import { aPlatform } from '@leasehold/testing'
import { openVerifiers } from '@leasehold/wiring'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestDatabase } from '../database/use-database.ts'
import { audience, type KeycloakUnderTest, postForm, silent } from './keycloak-under-test.ts'

const host = '127.0.0.1'
/** Read within a second, and remembered for two; the rest is for a slow computer. */
const refusedWithinMs = 10_000

/** Keycloak says itself, at the address that the realm was given, which sign-ins are over. */
export function logoutStories(keycloak: () => KeycloakUnderTest): void {
  let replicas: Awaited<ReturnType<typeof startReplicas>>

  describe('a sign-in that is ended at Keycloak', () => {
    beforeAll(async () => {
      replicas = await startReplicas(keycloak())
    }, 120_000)
    afterAll(() => replicas?.stop())

    const statuses = (token: string) => replicas.ask(token)
    const letIn = [200, 200]
    const refused = [401, 401]

    it('is over at every replica within seconds, and no other sign-in is', async () => {
      const [mine, other] = [await keycloak().signIn('mia'), await keycloak().signIn('mia')]
      expect(await statuses(mine.accessToken)).toEqual(letIn)
      expect(await statuses(other.accessToken)).toEqual(letIn)

      await signOut(keycloak(), mine.refreshToken)

      await expect
        .poll(() => statuses(mine.accessToken), { timeout: refusedWithinMs })
        .toEqual(refused)
      expect(await statuses(other.accessToken)).toEqual(letIn)
      expect(await statuses((await keycloak().signIn('mia')).accessToken)).toEqual(letIn)
    })

    it('is over for a log that is being followed at another replica, which goes on for every other sign-in', async () => {
      const [mine, other] = [await keycloak().signIn('mia'), await keycloak().signIn('mia')]
      const taskId = await replicas.submitTask(mine.accessToken)
      const [cut, kept] = [
        await replicas.followLog(mine.accessToken, taskId),
        await replicas.followLog(other.accessToken, taskId),
      ]

      await signOut(keycloak(), mine.refreshToken)

      await cut.ended
      expect(kept.isOpen()).toBe(true)
      kept.leave()
    })

    it('is over when an administrator ends all of a person, and theirs alone', async () => {
      const tokens = [await keycloak().signIn('mia'), await keycloak().signIn('mia')]
      const { accessToken: theirs } = await keycloak().signIn('olivia')
      const { subject } = await keycloak()
        .verifier()
        .verify(tokens[0]?.accessToken ?? '')

      await keycloak().admin('POST', `/leasehold/users/${subject}/logout`)

      for (const { accessToken } of tokens)
        await expect
          .poll(() => statuses(accessToken), { timeout: refusedWithinMs })
          .toEqual(refused)
      expect(await statuses(theirs)).toEqual(letIn)
    })

    it('is not ended by an access token or an ID token in place of a logout token', async () => {
      const { accessToken, idToken } = await keycloak().signIn('mia')

      for (const token of [accessToken, idToken]) expect(await replicas.sendLogout(token)).toBe(400)

      expect(await statuses(accessToken)).toEqual(letIn)
    })
  })
}

function signOut({ issuer }: KeycloakUnderTest, refreshToken: string) {
  return postForm(`${issuer}/protocol/openid-connect/logout`, {
    client_id: testClientId,
    client_secret: developmentSecrets.tests,
    refresh_token: refreshToken,
  })
}

/** Two tenant APIs over one PostgreSQL, each with a memory of its own; Keycloak knows the first one only. */
async function startReplicas({ issuer, jwksUrl, logoutPort }: KeycloakUnderTest) {
  const database = await openTestDatabase()
  const platform = { ...(await aPlatform()), clock: systemClock }
  const source = { issuer, audience, jwksUrl, logoutClients: [testClientId] }
  const ports = [logoutPort, 0]
  const apps: ReturnType<typeof composeApi>['tenantApp'][] = []
  for (const port of ports) {
    const verifiers = openVerifiers(source, database.stores, () => Date.now(), silent)
    const { tenantApp } = composeApi(loadConfig({}), { ...platform, ...verifiers })
    await tenantApp.listen({ host, port })
    apps.push(tenantApp)
  }
  const urls = apps.map((app) => app.listeningOrigin)
  return {
    ask: (token: string) =>
      Promise.all(
        urls.map(async (url) => {
          const headers = { authorization: `Bearer ${token}` }
          return (await fetch(`${url}/v1/me`, { headers })).status
        }),
      ),
    async submitTask(token: string) {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const body = JSON.stringify({ script: 'print("hello")' })
      const answer = await fetch(`${urls[0]}/v1/tasks`, { method: 'POST', headers, body })
      if (answer.status !== 202) throw new Error(`${answer.status} ${await answer.text()}`)
      return ((await answer.json()) as { readonly id: string }).id
    },
    followLog: (token: string, taskId: string) =>
      follow(`${urls[1]}/v1/tasks/${taskId}/log/stream`, token),
    async sendLogout(token: string) {
      const body = new URLSearchParams({ logout_token: token })
      return (await fetch(`${urls[0]}/v1/backchannel-logout`, { method: 'POST', body })).status
    },
    async stop() {
      await Promise.all(apps.map((app) => app.close()))
      await database.close()
    },
  }
}

/** Reads an answer that has no end of its own; `ended` resolves when the server ends it all the same. */
async function follow(url: string, token: string) {
  const leaving = new AbortController()
  const headers = { authorization: `Bearer ${token}` }
  const { status, body } = await fetch(url, { headers, signal: leaving.signal })
  if (status !== 200 || body === null) throw new Error(`${status}`)
  let isOpen = true
  const ended = body.pipeTo(new WritableStream()).finally(() => {
    isOpen = false
  })
  // Who leaves knows that it ended.
  ended.catch(() => {})
  return { ended, isOpen: () => isOpen, leave: () => leaving.abort() }
}
