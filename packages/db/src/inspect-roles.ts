import type pg from 'pg'

/** What makes a role more than one that serves tenants may be; in the words of `ALTER ROLE`. */
export type RolePower = 'SUPERUSER' | 'BYPASSRLS' | 'CREATEROLE' | 'CREATEDB' | 'LOGIN'

/** The two roles that apps act as, which must own nothing and may pass no wall (docs/adr/0011). */
export const actingRoles = ['leasehold_platform', 'leasehold_tenant'] as const

export type RoleFacts = {
  /** The role of the address that was given. */
  readonly login: { readonly name: string; readonly powers: readonly RolePower[] }
  readonly acting: readonly {
    readonly name: (typeof actingRoles)[number]
    /** Null: there is no such role. */
    readonly powers: readonly RolePower[] | null
    /** Whether the login may act as it. */
    readonly granted: boolean
  }[]
  /** Of our tables; one where everything is as it should be. */
  readonly owners: readonly string[]
  /** Tables with rows of tenants around which no wall stands: row-level security is off, or a policy is missing. */
  readonly openTables: readonly string[]
}

/** Reads only. `client` is connected; throws what the server says. */
export async function inspectRoles(client: pg.Client): Promise<RoleFacts> {
  const { rows: roles } = await client.query<FoundRole>(rolesByName, [[...actingRoles]])
  const { rows: tables } = await client.query<FoundTable>(tablesAndWalls)
  const login = roles.find(({ isLogin }) => isLogin)
  return {
    login: { name: login?.name ?? '', powers: login?.powers ?? [] },
    acting: actingRoles.map((name) => {
      const found = roles.find((role) => role.name === name)
      return { name, powers: found?.powers ?? null, granted: found?.granted ?? false }
    }),
    owners: [...new Set(tables.map(({ owner }) => owner))].sort(),
    openTables: tables.filter(({ isOpen }) => isOpen).map(({ name }) => name),
  }
}

type FoundRole = {
  readonly name: string
  readonly powers: readonly RolePower[]
  readonly isLogin: boolean
  readonly granted: boolean
}
type FoundTable = { readonly name: string; readonly owner: string; readonly isOpen: boolean }

const rolesByName = `SELECT rolname AS name, rolname = session_user AS "isLogin",
    pg_has_role(session_user, oid, 'MEMBER') AS granted,
    array_remove(ARRAY[
      CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,
      CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END,
      CASE WHEN rolcanlogin THEN 'LOGIN' END], NULL) AS powers
  FROM pg_roles WHERE rolname = session_user OR rolname = ANY ($1)`

/** Rows of tenants are those with a tenant's id, tenants themselves, and what a policy of one tenant was made for. */
const tablesAndWalls = `SELECT c.relname AS name, pg_get_userbyid(c.relowner) AS owner,
    holds.tenants AND NOT (c.relrowsecurity AND walls.own) AS "isOpen"
  FROM pg_class c
  CROSS JOIN LATERAL (SELECT EXISTS (
    SELECT 1 FROM pg_policy WHERE polrelid = c.oid AND polname = 'own_tenant'
      AND 'leasehold_tenant' = ANY (SELECT pg_get_userbyid(r) FROM unnest(polroles) AS r)) AS own) AS walls
  CROSS JOIN LATERAL (SELECT c.relname = 'tenants' OR walls.own OR EXISTS (
    SELECT 1 FROM pg_attribute WHERE attrelid = c.oid AND attname = 'tenant_id' AND NOT attisdropped) AS tenants) AS holds
  WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
  ORDER BY 1`
