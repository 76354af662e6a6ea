import type { TenantId } from '@leasehold/domain'
import type { KubeObject } from '../client/kube-object.ts'

export type NamespaceObject = KubeObject & {
  readonly status?: {
    readonly phase?: string
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly message?: string
    }[]
  }
}

/** A namespace of the tenant's name belongs to somebody else: nothing of it is touched. */
export class NamespaceIsForeign extends Error {
  override readonly name = 'NamespaceIsForeign'
  constructor(namespace: string) {
    super(
      `Namespace ${namespace} exists and is not Leasehold's. Delete or rename it, or choose another prefix for this pool.`,
    )
  }
}

/** A namespace is on its way out, and until it is gone nothing can be made in it. */
export class NamespaceIsGoing extends Error {
  override readonly name = 'NamespaceIsGoing'
  constructor(namespace: NamespaceObject) {
    super(`Namespace ${namespace.metadata.name} is being removed: ${whyItStays(namespace)}`)
  }
}

/** A tenant cannot be removed from a pool that still holds machines or tasks of theirs. */
export class TenantHasMachines extends Error {
  override readonly name = 'TenantHasMachines'
  constructor(id: TenantId, held: readonly string[]) {
    super(
      `${id} still has ${held.length} machine(s) or task(s) in this pool: ${held.slice(0, 5).join(', ')}. Release them first.`,
    )
  }
}

/** What Kubernetes says holds a namespace that should be gone. */
export function whyItStays({ metadata, status }: NamespaceObject): string {
  const held = (status?.conditions ?? [])
    .filter((condition) => condition.status === 'True')
    .map(({ type, message }) => `${type}: ${message ?? ''}`)
  if (held.length > 0)
    return `${held.join('; ')}. Look with: kubectl get namespace ${metadata.name} -o yaml`
  return 'Kubernetes has not said yet what holds it.'
}
