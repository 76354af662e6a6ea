import { join } from 'node:path'
import { loadMasterKey, makeAccessSecrets, masterKeyFromText } from '@leasehold/access'
import type { AccessSecrets } from '@leasehold/application'
import type { Config } from '@leasehold/config'

/** Machine secrets from the configured master key, or from one that is kept in the state folder. */
export async function openSecrets({ masterKey, stateFolder }: Config): Promise<AccessSecrets> {
  return makeAccessSecrets(
    masterKey === null
      ? await loadMasterKey({ file: join(stateFolder, 'master.key') })
      : masterKeyFromText(masterKey),
  )
}
