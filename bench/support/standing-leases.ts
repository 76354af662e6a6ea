import pg from 'pg'
import { leaseBody } from './lease-body.ts'

/** Asks for so many leases, one after another; their ids. */
export async function requestSomeLeases(
  url: string,
  tokens: readonly string[],
  count: number,
): Promise<readonly string[]> {
  const ids: string[] = []
  for (let at = 0; at < count; at++) {
    const response = await fetch(`${url}/v1/leases`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${tokens[at % tokens.length]}`,
        'content-type': 'application/json',
      },
      body: leaseBody,
      signal: AbortSignal.timeout(20_000),
    })
    const text = await response.text()
    if (response.status !== 202)
      throw new Error(`A lease was answered with ${response.status}: ${text}`)
    ids.push((JSON.parse(text) as { id: string }).id)
  }
  return ids
}

/** Gives every tenant that has none so many copies of a lease that somebody asked for, as rows of the database. */
export async function copyLeaseToTenants(
  databaseUrl: string,
  leaseId: string,
  copies: number,
): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query(
      `INSERT INTO leases SELECT (jsonb_populate_record(l, jsonb_build_object(
           'id', 'lse_' || t.id || '_' || n, 'tenant_id', t.id,
           'created_at', l.created_at - n * interval '1 minute',
           'document', l.document || jsonb_build_object('id', 'lse_' || t.id || '_' || n)))).*
       FROM leases l CROSS JOIN tenants t CROSS JOIN generate_series(1, $2) n
       WHERE l.id = $1 AND NOT EXISTS (SELECT 1 FROM leases o WHERE o.tenant_id = t.id)`,
      [leaseId, copies],
    )
    await client.query(
      `UPDATE quotas SET used = held FROM quota_drift d
       WHERE quotas.tenant_id = d.tenant_id AND quotas.resource = d.resource`,
    )
    await client.query('VACUUM ANALYZE leases, tenants, quotas')
  } finally {
    await client.end()
  }
}
