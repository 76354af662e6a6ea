/** When something happens: milliseconds after it could, or not at all. */
export type When = number | 'never'

/** How pods and machines on simulated nodes behave. */
export type Behaviour = {
  /** From a pod bound to its node until its containers run: images, volumes, the sandbox. */
  readonly startsAfterMs: When
  /** From a launcher that runs until its machine does. */
  readonly bootsAfterMs: When
  /** What then happens: it runs, or its launcher dies before it ever does. */
  readonly boot: 'success' | 'crash'
  /** From a running machine, or a Job's running pod, until it ends by itself. */
  readonly endsAfterMs: When
  /** How it ends: the guest powers off or the program returns 0; or the launcher dies or it returns 1. */
  readonly ending: 'success' | 'crash'
  /** From a pod that is being deleted until it is gone. */
  readonly deletesAfterMs: When
}

export type Selector = {
  /** All of these must be on the pod; a machine's labels are on its launcher too. */
  readonly labels?: Readonly<Record<string, string>>
  readonly namespace?: string
  readonly node?: string
}

export type Rule = { readonly selector: Selector; readonly behaviour: Partial<Behaviour> }

export const machineBehaviour: Behaviour = {
  startsAfterMs: 50,
  bootsAfterMs: 50,
  boot: 'success',
  endsAfterMs: 'never',
  ending: 'success',
  deletesAfterMs: 50,
}
export const jobBehaviour: Behaviour = { ...machineBehaviour, endsAfterMs: 500 }

export type Selected = {
  readonly labels: Readonly<Record<string, string>>
  readonly namespace: string
  readonly node: string
}

/** Later rules overrule earlier ones, field by field. Pure. */
export function behaviourOf(
  pod: Selected,
  rules: readonly Rule[],
  usual: Behaviour = machineBehaviour,
): Behaviour {
  const behaviours = rules.filter(({ selector }) => isSelected(pod, selector))
  return Object.assign({}, usual, ...behaviours.map(({ behaviour }) => behaviour))
}

function isSelected(pod: Selected, { labels = {}, namespace, node }: Selector): boolean {
  if (namespace !== undefined && namespace !== pod.namespace) return false
  if (node !== undefined && node !== pod.node) return false
  return Object.entries(labels).every(([name, value]) => pod.labels[name] === value)
}
