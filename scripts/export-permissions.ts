import './require-node.ts'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  guardManifests,
  permissionManifests,
  permissionTable,
  usualInstallation,
} from '@leasehold/compute-kubernetes'
import { stringify } from 'yaml'

/**
 * Writes deploy/kubernetes/permissions.yaml and guard.yaml, and the table in docs/operate/kubernetes.md, from the list
 * in code; `--check` only compares. `--prefix=<prefix>` and `--system-namespace=<name>`: for an installation of its own
 * names, prints the YAML and writes nothing.
 */
const options = new Map(process.argv.slice(2).map((text) => text.split('=', 2) as [string, string]))
const prefix = options.get('--prefix') ?? usualInstallation.prefix
const systemNamespace = options.get('--system-namespace') ?? usualInstallation.systemNamespace
const installation = {
  prefix,
  systemNamespace,
  serviceAccount: { namespace: systemNamespace, name: usualInstallation.serviceAccount.name },
}
const asYaml = (objects: readonly object[]) =>
  objects.map((object) => stringify(object, { lineWidth: 120 })).join('---\n')
const note = '# Made by `npm run permissions` from packages/compute-kubernetes/src/permissions.\n'

if (options.has('--prefix') || options.has('--system-namespace'))
  process.stdout.write(
    asYaml([...permissionManifests(installation), ...guardManifests(installation)]),
  )
else {
  const page = fileAt('../docs/operate/kubernetes.md')
  const around = readFileSync(page, 'utf8').split(/<!-- permissions -->/)
  keep(
    fileAt('../deploy/kubernetes/permissions.yaml'),
    note + asYaml(permissionManifests(installation)),
  )
  keep(fileAt('../deploy/kubernetes/guard.yaml'), note + asYaml(guardManifests(installation)))
  keep(page, [around[0], `\n${permissionTable()}\n`, around[2]].join('<!-- permissions -->'))
}

function fileAt(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}

function keep(file: string, wanted: string): void {
  if (!options.has('--check')) writeFileSync(file, wanted)
  if (readFileSync(file, 'utf8') === wanted) return
  process.stderr.write(`${file} is out of date. Run: npm run permissions\n`)
  process.exitCode = 1
}
