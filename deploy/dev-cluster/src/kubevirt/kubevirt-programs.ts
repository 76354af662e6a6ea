import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ClusterContext } from '../cluster-context.ts'
import { runCommand } from '../processes/run-command.ts'
import { buildProgram } from '../programs/build-program.ts'
import { findGo } from '../programs/find-go.ts'
import { kubevirtVersion } from './configuration.ts'

type Building = Pick<ClusterContext, 'cacheFolder' | 'log' | 'signal'>

const programs = fileURLToPath(new URL('../../programs', import.meta.url))
const moduleLimitMs = 10 * 60_000
const kubevirtFolder = path.join(programs, 'kubevirt')
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
export async function buildNodePrograms(
  context: Building,
): Promise<Readonly<Record<string, string>>> {
  const withLibvirt = await buildProgram({
    ...context,
    name: 'kubevirt-node',
    folder: kubevirtFolder,
    packages: [`${commands}/virt-handler`, `${commands}/virt-launcher`],
    cgo: true,
    ldflags,
  })
  const tools = await buildProgram({
    ...context,
    name: 'kubevirt-tools',
    folder: kubevirtFolder,
    packages: [
      `${commands}/virt-launcher-monitor`,
      `${commands}/virt-freezer`,
      `${commands}/virt-probe`,
      `${commands}/virt-tail`,
      `${commands}/virt-chroot`,
      `${commands}/virt-launcher/libvirt-hook-client`,
    ],
    ldflags,
  })
  return { ...withLibvirt, ...tools }
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

/** Where Go keeps the sources of a module that KubeVirt's programs are built with; fetched when they are not there. */
export async function moduleFolder(module: string, signal: AbortSignal): Promise<string> {
  const go = await findGo(signal)
  const options = { cwd: kubevirtFolder, signal, timeoutMs: moduleLimitMs }
  const output = await runCommand(go.path, ['mod', 'download', '-json', module], options)
  const { Dir: folder } = JSON.parse(output) as { readonly Dir?: string }
  if (folder === undefined) throw new Error(`Go has no sources of ${module}`)
  return folder
}
