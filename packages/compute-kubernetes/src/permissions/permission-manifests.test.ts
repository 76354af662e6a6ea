import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { admissionPolicies } from '../tenancy/admission-policies.ts'
import { someSettings } from '../tenancy/testing/some-settings.ts'
import { guardManifests } from './guard-policy.ts'
import { neededPermissions } from './needed-permissions.ts'
import { permissionManifests, permissionTable, usualInstallation } from './permission-manifests.ts'

const root = join(import.meta.dirname, '../../../..')
const readDocuments = async (file: string) =>
  parseAllDocuments(await readFile(join(root, file), 'utf8')).map((one) => one.toJS())

describe('the permissions that Leasehold needs', () => {
  it('are what deploy/kubernetes/permissions.yaml gives (else: npm run permissions)', async () => {
    expect(await readDocuments('deploy/kubernetes/permissions.yaml')).toEqual(
      permissionManifests(usualInstallation),
    )
  })

  it('are bounded by what deploy/kubernetes/guard.yaml says (else: npm run permissions)', async () => {
    expect(await readDocuments('deploy/kubernetes/guard.yaml')).toEqual(
      guardManifests(usualInstallation),
    )
  })

  it('are all in docs/operate/kubernetes.md (else: npm run permissions)', async () => {
    const page = await readFile(join(root, 'docs/operate/kubernetes.md'), 'utf8')

    expect(page).toContain(permissionTable())
  })

  it('name every admission policy that tenancy makes', () => {
    const named = neededPermissions.flatMap(({ names = [] }) => names)

    for (const { name } of admissionPolicies(someSettings()))
      expect(named).toContain(`<prefix>-${name}`)
  })

  it('have no wildcard, and no Secret outside the namespaces of tenants', () => {
    for (const { scope, resources, verbs, group } of neededPermissions) {
      expect([group, ...resources, ...verbs].join()).not.toContain('*')
      if (resources.includes('secrets')) expect(scope).toBe('tenant')
    }
  })

  it('say each right once', () => {
    const rights = neededPermissions.flatMap(({ scope, group, resources, verbs }) =>
      resources.flatMap((resource) => verbs.map((verb) => `${scope} ${group}/${resource} ${verb}`)),
    )

    expect(rights.filter((right, index) => rights.indexOf(right) !== index)).toEqual([])
  })
})
