import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * The host's own sources for a Debian suite, as one text for mmdebstrap, or null when the host is
 * another system or has none: then mmdebstrap's default is used. Sources of other vendors are left out.
 */
export async function hostAptSources(suite: string, root = '/'): Promise<string | null> {
  const release = await readFile(join(root, 'etc/os-release'), 'utf8').catch(() => '')
  if (!/^ID=debian$/m.test(release) || !release.includes(`VERSION_CODENAME=${suite}`)) return null
  const folder = join(root, 'etc/apt')
  const names = await readdir(join(folder, 'sources.list.d')).catch(() => [])
  const paths = [
    join(folder, 'sources.list'),
    ...names.sort().map((name) => join(folder, 'sources.list.d', name)),
  ]
  const lines: string[] = []
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch(() => '')
    if (path.endsWith('.list')) lines.push(...oneLineSources(text, suite))
    else if (path.endsWith('.sources')) lines.push(...deb822Sources(text, suite))
  }
  return lines.length === 0 ? null : `${lines.join('\n')}\n`
}

/** `deb` lines of the suite's main archive (sources.list(5)). Pure. */
export function oneLineSources(text: string, suite: string): readonly string[] {
  return text.split('\n').filter((line) => {
    const match = /^deb\s+(?:\[[^\]]*\]\s+)?\S+\s+(\S+)\s+(.*)$/.exec(line.trim())
    return match !== null && isOfSuite(match[1] ?? '', suite) && /\bmain\b/.test(match[2] ?? '')
  })
}

/** Stanzas in deb822 form, turned into one-line form. Pure. */
export function deb822Sources(text: string, suite: string): readonly string[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = fieldsOf(stanza)
    const words = (name: string) => (fields.get(name) ?? '').split(/\s+/).filter(Boolean)
    const isUsable = words('types').includes('deb') && fields.get('enabled') !== 'no'
    if (!isUsable || !words('components').includes('main')) return []
    const keyring = fields.get('signed-by') ?? ''
    const option = keyring.startsWith('/') ? `[signed-by=${keyring}] ` : ''
    return words('suites')
      .filter((name) => isOfSuite(name, suite))
      .flatMap((name) =>
        words('uris').map((uri) => `deb ${option}${uri} ${name} ${words('components').join(' ')}`),
      )
  })
}

function isOfSuite(name: string, suite: string): boolean {
  return [suite, `${suite}-updates`, `${suite}-security`].includes(name)
}

function fieldsOf(stanza: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const line of stanza.split('\n')) {
    const match = /^([A-Za-z-]+):\s*(.*)$/.exec(line)
    if (match?.[1] !== undefined) fields.set(match[1].toLowerCase(), (match[2] ?? '').trim())
  }
  return fields
}
