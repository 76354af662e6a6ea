/** For people's own programs: no secret, device flow or code with PKCE. */
export const publicClientId = 'leasehold-cli'
/** For service accounts, with a secret. */
export const serviceClientId = 'leasehold-service'
