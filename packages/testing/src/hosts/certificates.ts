import { execFile, execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Paths of PEM files, valid for two days. */
export type Certificate = {
  readonly certificateFile: string
  readonly keyFile: string
}

export type CertificateAuthority = {
  /** What clients have to trust. */
  readonly caFile: string
  /** A new certificate for `localhost`, 127.0.0.1 and the names given, as `<name>.pem` and `<name>-key.pem`. */
  issue(name: string, moreNames?: readonly string[]): Promise<Certificate>
}

/** Null when certificates can be made here, else why not. */
export function certificatesRefused(): string | null {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return null
  } catch {
    return 'openssl is not installed'
  }
}

/** Makes a certificate authority of a test's own in `folder`. */
export async function makeCertificateAuthority(folder: string): Promise<CertificateAuthority> {
  const caFile = join(folder, 'ca.pem')
  const caKeyFile = join(folder, 'ca-key.pem')
  const keys = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const self = ['req', '-x509', '-days', '2', ...keys, '-subj', '/CN=Leasehold tests']
  await execute('openssl', [...self, '-keyout', caKeyFile, '-out', caFile])
  return {
    caFile,
    async issue(name, moreNames = []) {
      const at = (suffix: string) => join(folder, `${name}${suffix}`)
      const request = ['req', ...keys, '-subj', `/CN=${name}`, '-keyout', at('-key.pem')]
      await execute('openssl', [...request, '-out', at('.csr')])
      const names = ['IP:127.0.0.1', ...['localhost', ...moreNames].map((one) => `DNS:${one}`)]
      await writeFile(at('.ext'), `subjectAltName=${names.join(',')}\nbasicConstraints=CA:FALSE\n`)
      const signed = ['x509', '-req', '-days', '2', '-in', at('.csr'), '-extfile', at('.ext')]
      const by = ['-CA', caFile, '-CAkey', caKeyFile, '-CAcreateserial']
      await execute('openssl', [...signed, ...by, '-out', at('.pem')])
      return { certificateFile: at('.pem'), keyFile: at('-key.pem') }
    },
  }
}
