import pg from 'pg'

/** What pg lets a statement send; its own types leave most of it out. */
type Wire = {
  bind(config: { readonly statement: string; readonly values: readonly string[] }): void
  execute(config: object): void
}
type BaseStatement = {
  prepare(connection: Wire): void
  handleDataRow(message: unknown): void
  handleCommandComplete(message: unknown, connection: Wire): void
}
type StatementConfig = { readonly name: string; readonly text: string; readonly values: unknown[] }

const BaseQuery = pg.Query as unknown as new (
  config: StatementConfig,
) => pg.Submittable & BaseStatement

const entryName = 'leasehold-enter-tenant'

/** `set_config` with `true` lasts until the end of the transaction, as `SET LOCAL`. */
const entry = {
  name: entryName,
  text: `SELECT set_config('role', 'leasehold_tenant', true), set_config('leasehold.tenant_id', $1, true)`,
}

/** Prepares on a new connection what tenant statements begin with. */
export async function prepareTenantEntry(client: pg.ClientBase): Promise<void> {
  await client.query({ ...entry, values: [''] })
}

/**
 * A statement that sees one tenant's rows and nothing else, in one round trip: entering the tenant and the
 * statement are sent together, and PostgreSQL takes what comes before one Sync as one transaction
 * (extended query protocol). Role and tenant end with it, so the connection serves anyone afterwards. Needs
 * `prepareTenantEntry` on its connection.
 */
export class TenantStatement extends BaseQuery {
  readonly #tenantId: string
  #hasEntered = false

  constructor(tenantId: string, name: string, text: string, values: readonly unknown[]) {
    // A plan depends on the role, so a statement is prepared apart from its namesake of the platform.
    super({ name: `${name} of tenant`, text, values: [...values] })
    this.#tenantId = tenantId
  }

  override prepare(connection: Wire): void {
    connection.bind({ statement: entryName, values: [this.#tenantId] })
    connection.execute({})
    super.prepare(connection)
  }

  override handleDataRow(message: unknown): void {
    if (this.#hasEntered) super.handleDataRow(message)
  }

  override handleCommandComplete(message: unknown, connection: Wire): void {
    if (this.#hasEntered) super.handleCommandComplete(message, connection)
    this.#hasEntered = true
  }
}
