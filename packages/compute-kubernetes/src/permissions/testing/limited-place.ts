import { randomBytes } from 'node:crypto'
import type { GpuTypeName, ImageName } from '@leasehold/domain'
import type { ClusterAccess } from '@leasehold/testing/cluster'
import { vi } from 'vitest'
import { type KindInfo, kinds } from '../../client/kinds.ts'
import type { KubeClient } from '../../client/kube-client.ts'
import type { KubeManifest, ObjectRef } from '../../client/kube-object.ts'
import { openKubeClient } from '../../client/open-kube-client.ts'
import type { KubeVirtObject } from '../../machines/kubevirt-facts.ts'
import type { KubernetesPoolSettings } from '../../pool-settings.ts'
import { installationLabel } from '../../tenancy/tenant-labels.ts'
import { someSettings } from '../../tenancy/testing/some-settings.ts'
import type { NeededPermission, PermissionScope, Verb } from '../needed-permissions.ts'
import { neededPermissions } from '../needed-permissions.ts'
import { type Installation, permissionManifests } from '../permission-manifests.ts'
import { type LimitedAccount, openLimitedAccount } from './limited-account.ts'
import { noteRefusals } from './note-refusals.ts'
import { type Asked, recordingClient } from './recording-client.ts'

export const silent = { info: () => {}, warn: () => {}, error: () => {} }

/** Leasehold on a cluster under its own account, and everything it asked so far. */
export type LimitedPlace = {
  readonly installation: Installation
  readonly settings: KubernetesPoolSettings
  /** With all rights: for what an operator, CDI or a stranger does. */
  readonly admin: KubeClient
  /** With Leasehold's rights; what is asked through it is recorded. */
  readonly limited: KubeClient
  readonly account: LimitedAccount
  readonly asked: readonly Asked[]
  /** What was refused for want of a right, and not granted when it was asked for again. */
  refusals(): readonly string[]
  scopeOf(asked: Asked): PermissionScope
  giveRights(permissions: readonly NeededPermission[]): Promise<void>
  apply(manifests: readonly object[]): Promise<void>
  /** KubeVirt's controllers run: machines come up by themselves. */
  readonly hasKubeVirt: boolean
  /** A GPU type that is handed out by claims. */
  readonly claimedGpu: GpuTypeName
  /** Rights that KubeVirt gives to every account of the cluster. */
  isEverybodys(right: { readonly permission: NeededPermission; readonly verb: Verb }): boolean
  /** Rights that only parts use which this cluster lacks, for example Kueue. */
  cannotHappenHere(right: { readonly permission: NeededPermission; readonly verb: Verb }): boolean
  close(): Promise<void>
}

export async function openLimitedPlace(cluster: ClusterAccess): Promise<LimitedPlace> {
  const { signal } = new AbortController()
  const prefix = `p${randomBytes(3).toString('hex')}`
  const open = (file: string) =>
    openKubeClient({ settings: { file }, log: silent, requestsPerSecond: 500 })
  const admin = await open(cluster.kubeconfig)
  const serves = async (kind: KindInfo) => {
    const asking = admin.list(kind, {}, signal)
    return asking.then(
      () => true,
      () => false,
    )
  }
  const hasKueue = await serves(kinds.localQueues)
  const kubeVirts = await admin.list<KubeVirtObject>(kinds.kubeVirts, {}, signal)
  const hasKubeVirt = kubeVirts.items.some(({ status }) => status?.phase === 'Deployed')
  const claimedGpu = 'l4-claimed' as GpuTypeName
  const systemNamespace = `${prefix}-system`
  const images = `${prefix}-images`
  const installation = {
    prefix,
    systemNamespace,
    serviceAccount: { namespace: systemNamespace, name: 'leasehold' },
  }
  const settings = someSettings({
    prefix,
    systemNamespace,
    serviceAccount: installation.serviceAccount,
    images: {
      ['debian-12' as ImageName]: { dataSource: { namespace: images, name: 'debian-12' } },
    },
    taskImages: { ['python' as ImageName]: cluster.taskImage ?? 'none.invalid/python' },
    gpus: { [claimedGpu]: { by: 'dra', deviceClassName: 'vfio.gpu.example' } },
    kueueClusterQueue: hasKueue ? `${prefix}-tasks` : null,
  })
  const label = { [cluster.runLabel.name]: cluster.runLabel.value }
  const apply = async (manifests: readonly object[]) => {
    for (const manifest of manifests)
      await admin.apply(kindOf(manifest), labelled(manifest, label), signal)
  }
  const giveRights = (permissions: readonly NeededPermission[]) =>
    apply(permissionManifests(installation, permissions))
  for (const name of [systemNamespace, images])
    await admin.create(kinds.namespaces, { metadata: { name, labels: label } }, signal)
  await giveRights(neededPermissions)
  const account = await openLimitedAccount(
    admin,
    cluster.kubeconfig,
    installation.serviceAccount,
    signal,
  )
  const isThere = async (ref: ObjectRef) => (await admin.get(ref, signal)) !== null
  const asked: Asked[] = []
  const client = await open(account.kubeconfig)
  await untilRightsHold(client, signal)
  const noting = noteRefusals(client, async (namespace) => {
    const isTenants = namespace.startsWith(`${prefix}-ten-`)
    return !isTenants || isThere({ kind: kinds.roleBindings, namespace, name: 'leasehold' })
  })
  const limited = recordingClient(noting.client, (one) => void asked.push(one), isThere)
  return {
    installation,
    settings,
    admin,
    limited,
    account,
    asked,
    refusals: noting.refusals,
    giveRights,
    apply,
    scopeOf: ({ namespace }) => {
      if (namespace === systemNamespace) return 'system'
      return namespace?.startsWith(`${prefix}-ten-`) ? 'tenant' : 'cluster'
    },
    hasKubeVirt,
    claimedGpu,
    // Its ClusterRole kubevirt.io:default, bound to system:authenticated.
    isEverybodys: ({ permission: { resources }, verb }) =>
      hasKubeVirt && resources.includes('kubevirts') && verb !== 'watch',
    cannotHappenHere: ({ permission: { scope, group, resources }, verb }) =>
      (group === 'kueue.x-k8s.io' && !hasKueue) ||
      // The cluster's own controller is nearly always faster.
      (scope === 'tenant' && verb === 'create' && resources.includes('serviceaccounts')) ||
      // Gated in KubeVirt 1.8; and no guest here powers itself off.
      (hasKubeVirt && (group === 'resource.k8s.io' || resources.includes('virtualmachines/start'))),
    async close() {
      await client.close()
      await account.close()
      await remove(admin, prefix, signal)
      await admin.close()
    },
  }
}

/** The API server learns of a binding a moment after it was made. */
async function untilRightsHold(client: KubeClient, signal: AbortSignal): Promise<void> {
  await vi.waitFor(() => client.list(kinds.namespaces, {}, signal), {
    timeout: 30_000,
    interval: 50,
  })
}

function kindOf(manifest: object): KindInfo {
  const { kind } = manifest as { kind: string }
  const found = Object.values(kinds).find((one) => one.kind === kind)
  if (found === undefined) throw new Error(`no kind ${kind}`)
  return found
}

function labelled(manifest: object, label: Readonly<Record<string, string>>): KubeManifest {
  const { metadata, ...rest } = manifest as KubeManifest
  return { ...rest, metadata: { ...metadata, labels: { ...metadata.labels, ...label } } }
}

async function remove(admin: KubeClient, prefix: string, signal: AbortSignal): Promise<void> {
  const selection = { labelSelector: `${installationLabel}=${prefix}` }
  for (const kind of [
    kinds.validatingAdmissionPolicyBindings,
    kinds.validatingAdmissionPolicies,
    kinds.namespaces,
  ])
    for (const { metadata } of (await admin.list(kind, selection, signal)).items)
      await admin.delete({ kind, name: metadata.name }, signal)
  const others = [
    { kind: kinds.validatingAdmissionPolicyBindings, name: `${prefix}-stays-at-home` },
    { kind: kinds.validatingAdmissionPolicies, name: `${prefix}-stays-at-home` },
    { kind: kinds.clusterRoleBindings, name: prefix },
    { kind: kinds.clusterRoles, name: prefix },
    { kind: kinds.clusterRoles, name: `${prefix}-tenant` },
    { kind: kinds.namespaces, name: `${prefix}-system` },
    { kind: kinds.namespaces, name: `${prefix}-images` },
  ]
  for (const ref of others) await admin.delete(ref, signal)
}
