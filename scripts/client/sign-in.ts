import { signInByDeviceFlow } from '@leasehold/dev-issuer'

/** Tokens are renewed this long before they expire. */
const marginMs = 30_000

export type SignedInPerson = { token(): Promise<string> }

/**
 * Signs a person of the development issuer in by the device flow and keeps them signed in. The
 * password is the user's name.
 */
export async function signIn(
  issuer: string,
  userName: string,
  tell: (text: string) => void,
): Promise<SignedInPerson> {
  let current = await enter(issuer, userName, tell)
  return {
    token: async () => {
      if (performance.now() > current.renewAt) current = await enter(issuer, userName, () => {})
      return current.accessToken
    },
  }
}

async function enter(issuer: string, userName: string, tell: (text: string) => void) {
  const startedAt = performance.now()
  const { accessToken, expiresInSeconds } = await signInByDeviceFlow(issuer, userName, userName, {
    onPrompt: ({ userCode, verificationUri }) =>
      tell(
        `the device shows ${userCode} for ${verificationUri}; ${userName} types it and signs in`,
      ),
  })
  tell(`${userName} has an access token, good for ${expiresInSeconds} s`)
  return { accessToken, renewAt: startedAt + expiresInSeconds * 1_000 - marginMs }
}
