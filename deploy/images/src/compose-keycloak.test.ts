import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCompose, root } from './compose-document.ts'

const script = readFileSync(join(root, 'deploy/compose/start-keycloak.sh'), 'utf8')
const keycloak = readCompose().services.keycloak
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'compose-keycloak-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What Keycloak's program finds in its environment when the script starts it with these files as secrets. */
function startedWith(secrets: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, text] of Object.entries(secrets)) writeFileSync(join(folder, name), text)
  const here = script.replaceAll('/run/secrets', folder).replace(/^exec .*$/m, 'exec env --null')
  const said = execFileSync('bash', ['--norc', '-c', here], { encoding: 'utf8', env: {} })
  return Object.fromEntries(
    said.split('\0').map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]),
  )
}

describe('Keycloak in Compose', () => {
  const secrets = Object.fromEntries((keycloak?.secrets ?? []).map((name) => [name, `of ${name}`]))

  it('is told everything that the realm asks its environment for', () => {
    const realm = readFileSync(join(root, 'deploy/keycloak/leasehold-realm.json'), 'utf8')
    const asked = [...realm.matchAll(/\$\{(LEASEHOLD_[A-Z_]+)/g)].map(([, name]) => name)
    const told = { ...keycloak?.environment, ...startedWith(secrets) }

    expect(asked).toContain('LEASEHOLD_SMTP_PASSWORD')
    for (const name of asked) expect(told).toHaveProperty([name ?? ''])
  })

  it('gets each password from its file, as it is there, and an empty one where the mail server asks for none', () => {
    const told = startedWith({ ...secrets, 'smtp-password': '$HOME `id` "\'' })

    expect(told).toMatchObject({
      KC_DB_PASSWORD: 'of keycloak-database-password',
      KC_BOOTSTRAP_ADMIN_PASSWORD: 'of keycloak-admin-password',
      LEASEHOLD_PROVISIONER_SECRET: 'of keycloak-provisioner-secret',
      LEASEHOLD_SMTP_PASSWORD: '$HOME `id` "\'',
    })
    expect(startedWith({ 'smtp-password': '' }).LEASEHOLD_SMTP_PASSWORD).toBe('')
  })
})
