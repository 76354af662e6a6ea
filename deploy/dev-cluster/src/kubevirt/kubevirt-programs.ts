import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ClusterContext } from '../cluster-context.ts'
import { buildProgram } from '../programs/build-program.ts'
import { kubevirtVersion } from './configuration.ts'

type Building = Pick<ClusterContext, 'cacheFolder' | 'log' | 'signal'>

const programs = fileURLToPath(new URL('../../programs', import.meta.url))
/** The module that KubeVirt's programs are built from. */
export const kubevirtFolder = path.join(programs, 'kubevirt')
const commands = 'kubevirt.io/kubevirt/cmd'
const ldflags = [`-X kubevirt.io/client-go/version.gitVersion=${kubevirtVersion}`]

/** Builds what runs beside the API server, and what prints its objects: paths by name. */
export async function buildControlPrograms(context: Building): Promise<ControlPrograms> {
  const kubevirt = await buildProgram({
    ...context,
    name: 'kubevirt',
    folder: kubevirtFolder,
    packages: [
      `${commands}/virt-api`,
      `${commands}/virt-controller`,
      './manifests',
      './certificates',
    ],
    // With cgo like the node's programs: one build of what they share.
    cgo: true,
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

/** Builds what runs in the pods of virt-handler and of machines: paths by name. Needs libvirt's headers. */
export function buildNodePrograms(context: Building): Promise<Readonly<Record<string, string>>> {
  return buildProgram({
    ...context,
    name: 'kubevirt-node',
    folder: kubevirtFolder,
    packages: [
      `${commands}/virt-handler`,
      `${commands}/virt-launcher`,
      `${commands}/virt-launcher-monitor`,
      `${commands}/virt-freezer`,
      `${commands}/virt-probe`,
      `${commands}/virt-tail`,
      `${commands}/virt-chroot`,
      `${commands}/virt-launcher/libvirt-hook-client`,
    ],
    // The small ones could do without, but what they share with the others would be built a second time.
    cgo: true,
    ldflags,
  })
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
