import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { kinds } from '../client/kinds.ts'
import { isKubeError } from '../client/kube-error.ts'
import { guardManifests } from './guard-policy.ts'
import { type NeededPermission, neededPermissions, type Verb } from './needed-permissions.ts'
import { manageTasks, manageTenants } from './testing/everything-it-does.ts'
import { type LimitedPlace, openLimitedPlace } from './testing/limited-place.ts'
import { manageMachines } from './testing/manage-machines.ts'
import type { Asked } from './testing/recording-client.ts'

const { signal } = new AbortController()

/** Each right by itself: one verb on one resource. */
const rights = neededPermissions.flatMap((permission) =>
  permission.resources.flatMap((resource) =>
    permission.verbs.map((verb) => ({
      permission,
      resource,
      verb,
      title: titleOf(permission, resource, verb),
    })),
  ),
)

describeOnCluster(
  'Leasehold, with the rights that deploy/kubernetes gives and no others',
  (cluster) => {
    let place: LimitedPlace
    beforeAll(async () => {
      place = await openLimitedPlace(cluster)
    })
    afterAll(() => place?.close())

    it('makes, repairs and removes tenants', async () => {
      await manageTenants(place, signal)

      expect(place.refusals().join('\n')).toBe('')
    })

    it('starts, stops and removes machines', async () => {
      await manageMachines(place, signal)

      expect(place.refusals().join('\n')).toBe('')
    })

    it('runs and removes tasks', async () => {
      await manageTasks(place, null, signal)
      const { kueueClusterQueue } = place.settings
      if (kueueClusterQueue !== null) await manageTasks(place, kueueClusterQueue, signal)

      expect(place.refusals().join('\n')).toBe('')
    })

    it('asks for nothing that is not on the list', () => {
      const unlisted = place.asked.filter(
        (asked) => !rights.some((right) => covers(right, asked, place)),
      )

      expect(
        unlisted.map(({ verb, resource, namespace }) => `${verb} ${resource} in ${namespace}`),
      ).toEqual([])
    })

    it.each(rights)('cannot do without: $title', async ({ permission, resource, verb }) => {
      const right = { permission, resource, verb }
      const asked = exampleOf(right, place)
      if (asked === undefined) {
        expect(place.cannotHappenHere(right)).toBe(true)
        return
      }
      expect(await place.account.ask(asked)).not.toBe(403)
      if (place.isEverybodys(right)) return

      await place.giveRights(without(right))

      await vi.waitFor(async () => expect(await place.account.ask(asked)).toBe(403), {
        timeout: 60_000,
        interval: 50,
      })
      await place.giveRights(neededPermissions)
      await vi.waitFor(async () => expect(await place.account.ask(asked)).not.toBe(403), {
        timeout: 60_000,
        interval: 50,
      })
    })

    it('gives itself no rights outside its tenants’ namespaces, though RBAC would let it', async () => {
      await place.apply(guardManifests(place.installation))
      const { prefix, serviceAccount } = place.installation
      const binding = {
        metadata: { namespace: 'kube-system', name: `${prefix}-mine` },
        roleRef: {
          apiGroup: 'rbac.authorization.k8s.io',
          kind: 'ClusterRole',
          name: `${prefix}-tenant`,
        },
        subjects: [{ kind: 'ServiceAccount', ...serviceAccount }],
      }
      const rehearse = (
        kind: typeof kinds.roleBindings | typeof kinds.namespaces,
        manifest: typeof binding | object,
      ) => place.limited.create(kind, manifest as typeof binding, signal, { dryRun: true })

      await vi.waitFor(
        () =>
          expect(rehearse(kinds.roleBindings, binding)).rejects.toThrow(
            `begin with ${prefix}-ten- only`,
          ),
        { timeout: 60_000, interval: 200 },
      )
      await expect(
        rehearse(kinds.namespaces, { metadata: { name: 'of-somebody' } }),
      ).rejects.toThrow(`begin with ${prefix}-ten- only`)
      await expect(
        place.limited.delete({ kind: kinds.namespaces, name: 'kube-public' }, signal),
      ).rejects.toSatisfy((error) => isKubeError(error, 'Forbidden'))
      await manageTenants(place, signal)
      expect(place.refusals().join('\n')).toBe('')
    })
  },
)

type Right = {
  readonly permission: NeededPermission
  readonly resource: string
  readonly verb: Verb
}

/** The last that was asked: the tenant of an earlier one may be gone, and the rights in its namespace with it. */
function exampleOf(right: Right, place: LimitedPlace): Asked | undefined {
  const last = place.asked.findLast((one) => covers(right, one, place))
  if (right.verb !== 'bind' || last === undefined || last.body === null) return last
  // As in a tenant's new namespace: where Leasehold has the role already, it may hand it on without this right.
  const namespace = place.installation.systemNamespace
  return {
    ...last,
    namespace,
    body: { ...last.body, metadata: { ...last.body.metadata, namespace } },
  }
}

/** Whether it was this right that let something through. A right that holds everywhere covers tenants' namespaces, too. */
function covers({ permission, resource, verb }: Right, asked: Asked, place: LimitedPlace): boolean {
  const { scope, group, names } = permission
  if (verb === 'bind') return asked.verb === 'create' && isBinding(asked)
  if (resource === 'datavolumes/source')
    return asked.verb === 'create' && asked.kind === kinds.roles
  return (
    asked.verb === verb &&
    asked.group === group &&
    asked.resource === resource &&
    (scope === 'cluster' || place.scopeOf(asked) === scope) &&
    (names === undefined ||
      names.some((name) => name.replace('<prefix>', place.installation.prefix) === asked.name))
  )
}

/** The binding of Leasehold's own role in a tenant's namespace. */
function isBinding({ kind, name }: Asked): boolean {
  return kind === kinds.roleBindings && name === 'leasehold'
}

function without({ permission, resource, verb }: Right): readonly NeededPermission[] {
  return neededPermissions.flatMap((one) => {
    if (one !== permission) return [one]
    const others = one.resources.filter((other) => other !== resource)
    const verbs = one.verbs.filter((other) => other !== verb)
    return [
      ...(others.length === 0 ? [] : [{ ...one, resources: others }]),
      ...(verbs.length === 0 ? [] : [{ ...one, resources: [resource], verbs }]),
    ]
  })
}

function titleOf({ scope, group }: NeededPermission, resource: string, verb: Verb): string {
  return `${verb} ${group === '' ? '' : `${group}/`}${resource} (${scope})`
}
