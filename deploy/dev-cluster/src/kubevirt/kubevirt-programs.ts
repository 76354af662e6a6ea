import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ClusterContext } from '../cluster-context.ts'
import { buildProgram } from '../programs/build-program.ts'
import { kubevirtVersion } from './configuration.ts'

type Building = Pick<ClusterContext, 'cacheFolder' | 'log' | 'signal'>

const programs = fileURLToPath(new URL('../../programs', import.meta.url))
const ldflags = [`-X kubevirt.io/client-go/version.gitVersion=${kubevirtVersion}`]

/** Builds what runs beside the API server, and what prints its objects: paths by name. */
export async function buildControlPrograms(context: Building): Promise<ControlPrograms> {
  const kubevirt = await buildProgram({
    ...context,
    name: 'kubevirt',
    folder: path.join(programs, 'kubevirt'),
    packages: [
      'kubevirt.io/kubevirt/cmd/virt-api',
      'kubevirt.io/kubevirt/cmd/virt-controller',
      './manifests',
      './certificates',
    ],
    ldflags,
  })
  const importer = await buildProgram({
    ...context,
    name: 'importer-definitions',
    folder: path.join(programs, 'importer-definitions'),
  })
  return {
    virtApi: named(kubevirt, 'virt-api'),
    virtController: named(kubevirt, 'virt-controller'),
    manifests: named(kubevirt, 'manifests'),
    certificates: named(kubevirt, 'certificates'),
    importerDefinitions: named(importer, 'importer-definitions'),
  }
}

export type ControlPrograms = Readonly<
  Record<
    'virtApi' | 'virtController' | 'manifests' | 'certificates' | 'importerDefinitions',
    string
  >
>

export function named(built: Readonly<Record<string, string>>, name: string): string {
  const program = built[name]
  if (program === undefined) throw new Error(`The build of KubeVirt made no ${name}.`)
  return program
}
