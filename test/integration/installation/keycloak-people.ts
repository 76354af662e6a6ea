const requestLimitMs = 60_000

export type NewPerson = {
  readonly userName: string
  readonly email: string
  readonly password: string
  readonly realmRole?: string
}

/** What an operator does in Keycloak's console, over the API that the console uses: creates people of realm `leasehold`. */
export async function createPeople(
  keycloak: string,
  adminPassword: string,
  people: readonly NewPerson[],
): Promise<void> {
  const body = new URLSearchParams({
    ...{ grant_type: 'password', client_id: 'admin-cli' },
    ...{ username: 'admin', password: adminPassword },
  })
  const tokens = `${keycloak}/realms/master/protocol/openid-connect/token`
  const entered = await request(tokens, { method: 'POST', body })
  const { access_token: token } = (await entered.json()) as { access_token: string }
  const realm = `${keycloak}/admin/realms/leasehold`
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const post = (address: string, json: unknown) =>
    request(address, { method: 'POST', headers, body: JSON.stringify(json) })
  for (const { userName, email, password, realmRole } of people) {
    const created = await post(`${realm}/users`, {
      ...{ username: userName, email, emailVerified: true, enabled: true },
      ...{ firstName: userName, lastName: userName },
      credentials: [{ type: 'password', value: password, temporary: false }],
    })
    if (realmRole === undefined) continue
    const role = await (await request(`${realm}/roles/${realmRole}`, { headers })).json()
    await post(`${created.headers.get('location')}/role-mappings/realm`, [role])
  }
}

async function request(address: string, init: RequestInit): Promise<Response> {
  const response = await fetch(address, { ...init, signal: AbortSignal.timeout(requestLimitMs) })
  if (!response.ok)
    throw new Error(
      `${init.method ?? 'GET'} ${address}: ${response.status} ${await response.text()}`,
    )
  return response
}
