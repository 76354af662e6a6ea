import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deb822Sources, hostAptSources, oneLineSources } from './apt-sources.ts'

const main = 'deb [signed-by=/k.gpg] http://archive.test/debian bookworm main contrib'

describe('one-line sources', () => {
  it('are taken for the suite and its updates, and not from other vendors', () => {
    const text = [
      main,
      '# deb http://archive.test/debian bookworm main',
      'deb-src http://archive.test/debian bookworm main',
      'deb http://archive.test/security bookworm-security main',
      'deb http://vendor.test/apt bookworm stable',
      'deb http://vendor.test/apt bookworm-pgdg main',
      'deb http://archive.test/debian trixie main',
    ].join('\n')

    expect(oneLineSources(text, 'bookworm')).toEqual([
      main,
      'deb http://archive.test/security bookworm-security main',
    ])
  })
})

describe('deb822 sources', () => {
  it('become one line for each suite and address', () => {
    const text = `Types: deb
# a comment
URIs: http://a.test http://b.test
Suites: bookworm bookworm-updates bookworm-backports
Components: main
Signed-By: /k.gpg

Types: deb-src
URIs: http://a.test
Suites: bookworm
Components: main

Types: deb
Enabled: no
URIs: http://off.test
Suites: bookworm
Components: main`

    expect(deb822Sources(text, 'bookworm')).toEqual([
      'deb [signed-by=/k.gpg] http://a.test bookworm main',
      'deb [signed-by=/k.gpg] http://b.test bookworm main',
      'deb [signed-by=/k.gpg] http://a.test bookworm-updates main',
      'deb [signed-by=/k.gpg] http://b.test bookworm-updates main',
    ])
  })
})

describe('the sources of a host', () => {
  let root: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'apt-'))
    await mkdir(join(root, 'etc/apt/sources.list.d'), { recursive: true })
    await writeFile(join(root, 'etc/apt/sources.list'), `${main}\n`)
  })
  afterEach(() => rm(root, { recursive: true }))
  const release = (text: string) => writeFile(join(root, 'etc/os-release'), text)

  it('are used on the same release of Debian', async () => {
    await release('ID=debian\nVERSION_CODENAME=bookworm\n')

    expect(await hostAptSources('bookworm', root)).toBe(`${main}\n`)
  })

  it('are left alone on any other system', async () => {
    await release('ID=ubuntu\nVERSION_CODENAME=noble\n')

    expect(await hostAptSources('bookworm', root)).toBeNull()
  })

  it('are none where there are none', async () => {
    await release('ID=debian\nVERSION_CODENAME=bookworm\n')
    await rm(join(root, 'etc/apt'), { recursive: true })

    expect(await hostAptSources('bookworm', root)).toBeNull()
  })
})
