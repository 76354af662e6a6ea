import type { PlatformProcess } from '../client/platform-process.ts'
import { signIn } from '../client/sign-in.ts'

/** What happens to machines when the platform stops. */
const endings = {
  kept: 'stops the platform; machines that are leased go on and are found again at the next start.',
  throwaway: 'stops the platform, its services and every machine, and removes what they kept.',
} as const

/** Prints where everything is, a token, and lines to try. */
export async function printAddresses(
  platform: PlatformProcess,
  state: keyof typeof endings,
  out: { write(text: string): unknown },
): Promise<void> {
  const { api, operator, issuer, gateway, stateFolder, logFile } = platform
  const { token } = await signIn(issuer, 'olivia', () => {})
  out.write(`
API        ${api}
Documents  ${api}/docs
Operator   ${operator}
Gateway    ${gateway}
Issuer     ${issuer}  (development only: the password is the user's name)
State      ${stateFolder}
Log        ${logFile}

A token of olivia, owner of acme (it expires; make another by the device flow at the issuer):

  TOKEN=${await token()}

  curl -H "Authorization: Bearer $TOKEN" ${api}/v1/me
  curl -H "Authorization: Bearer $TOKEN" ${api}/v1/machine-types
  curl -H "Authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
       -d '{"machineType":"tiny","sshPublicKeys":["'"$(cat ~/.ssh/id_ed25519.pub)"'"]}' ${api}/v1/leases
  curl -H "Authorization: Bearer $TOKEN" ${api}/v1/leases

Ctrl-C ${endings[state]}
`)
}
