import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TenantId } from '@leasehold/domain'
import { developmentSecrets, testClientId } from '@leasehold/keycloak'
import { describe, expect, it } from 'vitest'
import { type AdminReply, type KeycloakUnderTest, postForm } from './keycloak-under-test.ts'

type Named = { readonly id: string; readonly name: string }
const acme = { id: 'ten_acme' as TenantId, slug: 'acme', name: 'Acme' }
const firstPage = { limit: 50, cursor: null }

/** What somebody changes at Keycloak, and what the next token says. */
export function changeStories(keycloak: () => KeycloakUnderTest): void {
  const callerOf = async (userName: string) => {
    const { accessToken } = await keycloak().signIn(userName)
    return keycloak().verifier().verify(accessToken)
  }
  const userOf = async (userName: string) => {
    const query = `/leasehold/users?username=${userName}&exact=true`
    const [user] = listIn<Named>(await keycloak().admin('GET', query))
    return user as Named
  }
  const organizationOf = async (alias: string) => {
    const query = `/leasehold/organizations?q=tenant_id:ten_${alias}`
    const [organization] = listIn<Named>(await keycloak().admin('GET', query))
    return organization as Named
  }

  describe('what is changed at Keycloak', () => {
    it('takes an operator their role with the next token', async () => {
      const { id } = await userOf('oscar')
      const role = (await keycloak().admin('GET', '/leasehold/roles/operator')).body
      const place = `/leasehold/users/${id}/role-mappings/realm`
      expect((await callerOf('oscar')).operatorRoles).toEqual(['operator'])

      await keycloak().admin('DELETE', place, [role])
      expect((await callerOf('oscar')).operatorRoles).toEqual([])

      await keycloak().admin('POST', place, [role])
      expect((await callerOf('oscar')).operatorRoles).toEqual(['operator'])
    })

    it('takes a member what an owner takes them by the API', async () => {
      const { items } = await keycloak().directory.list(acme, firstPage)
      const bill = items.find(({ email }) => email === 'bill@acme.example')
      const id = bill?.id ?? ('' as never)

      await keycloak().directory.changeRole(acme, id, 'viewer')
      expect((await callerOf('bill')).organizations).toMatchObject([{ role: 'viewer' }])
      await keycloak().directory.remove(acme, id)
      expect((await callerOf('bill')).organizations).toEqual([])

      const email = 'bill@acme.example'
      const { notice } = await keycloak().directory.add(acme, {
        email,
        name: null,
        role: 'billing',
      })
      expect(notice).toBe('not-needed')
      expect((await callerOf('bill')).organizations).toMatchObject([{ role: 'billing' }])
    })

    it('keeps a disabled person from getting and renewing tokens', async () => {
      const { refreshToken } = await keycloak().signIn('greg')
      const { id } = await userOf('greg')
      const place = `/leasehold/users/${id}`
      const user = (await keycloak().admin('GET', place)).body as object

      await keycloak().admin('PUT', place, { ...user, enabled: false })
      await expect(keycloak().signIn('greg')).rejects.toThrow('disabled')
      await expect(refresh(keycloak(), refreshToken)).rejects.toThrow('invalid_grant')

      await keycloak().admin('PUT', place, { ...user, enabled: true })
    })

    it('leaves a renamed organization the tenant that it is, and gets its name and groups back', async () => {
      const { id } = await organizationOf('globex')
      const place = `/leasehold/organizations/${id}`
      const whole = (await keycloak().admin('GET', place)).body as object
      const groups = listIn<Named>(await keycloak().admin('GET', `${place}/groups`))
      const billing = groups.find(({ name }) => name === 'billing')
      await keycloak().admin('PUT', place, { ...whole, name: 'Somebody Else' })
      await keycloak().admin('DELETE', `${place}/groups/${billing?.id}`)
      await keycloak().admin('POST', `${place}/groups`, { name: 'chess-club' })

      const caller = await callerOf('gina')
      const tenant = { id: 'ten_globex' as TenantId, slug: 'globex', name: 'Globex' }
      await keycloak().directory.ensureOrganization(tenant)

      expect(caller.organizations).toMatchObject([{ tenantId: 'ten_globex', role: 'owner' }])
      expect((await keycloak().admin('GET', place)).body).toMatchObject({
        name: 'Globex',
        domains: [{ name: 'globex.example' }],
      })
      const after = listIn<Named>(await keycloak().admin('GET', `${place}/groups`))
      expect(after.map(({ name }) => name).sort()).toEqual([
        ...['billing', 'chess-club', 'member', 'owner', 'viewer'],
      ])
    })

    it('does not take over an organization that is not ours', async () => {
      const theirs = { name: 'Theirs', alias: 'theirs', enabled: true }
      await keycloak().admin('POST', '/leasehold/organizations', theirs)
      const tenant = { id: 'ten_theirs' as TenantId, slug: 'theirs', name: 'Ours' }

      await expect(keycloak().directory.ensureOrganization(tenant)).rejects.toMatchObject({
        code: 'member/managed-elsewhere',
      })
    })

    it('lets nobody in by an address that they only say is theirs', async () => {
      const { id } = await userOf('victor')
      const place = `/leasehold/users/${id}`
      const user = (await keycloak().admin('GET', place)).body as object
      const claimed = { email: 'boss@acme.example', emailVerified: false }
      await keycloak().admin('PUT', place, { ...user, ...claimed })

      const adding = keycloak().directory.add(acme, { ...claimed, name: null, role: 'owner' })

      await expect(adding).rejects.toMatchObject({ code: 'request/invalid', field: '/email' })
      expect((await keycloak().directory.find(acme, id as never))?.role).toBe('viewer')
      await keycloak().admin('PUT', place, user)
    })

    it('ends a sign-in for good, and what Keycloak sends about it is no access token', async () => {
      const listener = await listenForLogout()
      const [client] = listIn<Named>(
        await keycloak().admin('GET', `/leasehold/clients?clientId=${testClientId}`),
      )
      const changed = { ...client, attributes: { 'backchannel.logout.url': listener.url } }
      const place = `/leasehold/clients/${client?.id}`
      await keycloak().admin('PUT', place, changed)
      const { refreshToken } = await keycloak().signIn('mia')

      await postForm(`${keycloak().issuer}/protocol/openid-connect/logout`, {
        client_id: testClientId,
        client_secret: developmentSecrets.tests,
        refresh_token: refreshToken,
      })

      await expect.poll(listener.tokens, { timeout: 10_000 }).toHaveLength(1)
      const [logoutToken = ''] = listener.tokens()
      await listener.close()
      await keycloak().admin('PUT', place, client)
      await expect(keycloak().verifier().verify(logoutToken)).rejects.toMatchObject({
        code: 'auth/unauthenticated',
      })
      await expect(refresh(keycloak(), refreshToken)).rejects.toThrow('invalid_grant')
    })
  })
}

function refresh({ tokenUrl }: KeycloakUnderTest, refreshToken: string) {
  return postForm(tokenUrl, {
    grant_type: 'refresh_token',
    client_id: testClientId,
    client_secret: developmentSecrets.tests,
    refresh_token: refreshToken,
  })
}

/** Takes logout tokens as a relying party does (OpenID Connect Back-Channel Logout 1.0). */
async function listenForLogout() {
  const tokens: string[] = []
  const server = createServer(async (request, response) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of request as AsyncIterable<Uint8Array>) chunks.push(chunk)
    tokens.push(new URLSearchParams(Buffer.concat(chunks).toString()).get('logout_token') ?? '')
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/logout`,
    tokens: () => tokens,
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

function listIn<Item>({ body }: AdminReply): readonly Item[] {
  return Array.isArray(body) ? body : []
}
