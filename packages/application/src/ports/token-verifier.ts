import type { ApiKeyId, MemberRole, OperatorRole, Permission } from '@leasehold/domain'

/** Who a token says the caller is. Organizations come from Keycloak's `organization` claim. */
export type Caller = {
  readonly subject: string
  readonly email: string | null
  readonly name: string | null
  readonly expiresAt: number
  readonly operatorRoles: readonly OperatorRole[]
  readonly organizations: readonly {
    readonly alias: string
    /** From the organization's attribute `tenant_id`; null: the issuer knows tenants by their slugs only. */
    readonly tenantId: string | null
    readonly role: MemberRole
  }[]
  /** Set when a program calls with an API key; the subject is its service account then. */
  readonly apiKey?: ApiKeyScope
}

/** What one API key is good for. `permissions` narrows what the role allows; null: all of it. */
export type ApiKeyScope = {
  readonly id: ApiKeyId
  readonly permissions: readonly Permission[] | null
}

/**
 * Verifies bearer tokens. Throws `auth/unauthenticated` for whatever is wrong with the token and
 * `service/unavailable` when the keys cannot be fetched and the token is not already known.
 */
export interface TokenVerifier {
  verify(token: string): Promise<Caller>
  /**
   * Of a token that was let in: whether its sign-in was ended since, or the API key revoked or
   * expired. For what goes on for long after it began. That an access token expires is no end of its sign-in.
   * Rejects when nobody can say.
   */
  isOver(token: string): Promise<boolean>
}
