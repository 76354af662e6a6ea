import type { KubeClient } from '../../client/kube-client.ts'
import { KubeError } from '../../client/kube-error.ts'

export type NotedRefusals = {
  readonly client: KubeClient
  /** In the API server's words, each with its whole request. */
  refusals(): readonly string[]
}

/**
 * Every refusal by RBAC is noted, also one that a driver would swallow. Quotas and policies speak otherwise. Two are
 * none: one that was waited out, as rights hold a moment after their binding was made and the driver asks again until
 * then; and one in a namespace whose binding is gone (`hasRights`), as when a test deletes it or its tenant goes.
 */
export function noteRefusals(
  client: KubeClient,
  hasRights: (namespace: string) => Promise<boolean>,
): NotedRefusals {
  const refused = new Map<string, string>()
  const isHeldAgainstUs = async (message: string) => {
    const namespace = /in the namespace "([^"]+)"/.exec(message)?.[1]
    return namespace === undefined || (await hasRights(namespace))
  }
  const noting =
    <Given extends readonly unknown[], Result>(
      method: string,
      call: (...given: Given) => Promise<Result>,
    ) =>
    async (...given: Given): Promise<Result> => {
      const request = `${method} ${nameOf(given)}`
      try {
        const result = await call(...given)
        refused.delete(request)
        return result
      } catch (error) {
        if (isForWantOfARight(error) && (await isHeldAgainstUs(error.message)))
          refused.set(request, error.message)
        throw error
      }
    }
  return {
    refusals: () => [...refused].map(([request, message]) => `${request}: ${message}`),
    client: {
      ...client,
      get: noting('get', client.get),
      list: noting('list', client.list),
      create: noting('create', client.create),
      apply: noting('apply', client.apply),
      mergePatch: noting('patch', client.mergePatch),
      delete: noting('delete', client.delete),
      subresource: noting('subresource', client.subresource),
      stream: noting('stream', client.stream),
      podLog: noting('log', client.podLog),
    } as KubeClient,
  }
}

/** What a request is about: all that is given but the signal. */
function nameOf(given: readonly unknown[]): string {
  return JSON.stringify(given.filter((one) => !(one instanceof AbortSignal)))
}

function isForWantOfARight(error: unknown): error is KubeError {
  return error instanceof KubeError && /cannot \w+ resource|attempting to grant/.test(error.message)
}
