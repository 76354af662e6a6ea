type Labels = Readonly<Record<string, string>>
type Requirement = (labels: Labels) => boolean

/** `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, joined by commas: what `kubectl -l` takes. */
export function matchesLabels(
  selector: string | undefined,
): (labels: Labels | undefined) => boolean {
  const requirements = splitOutsideParentheses(selector ?? '').map(toRequirement)
  return (labels = {}) => requirements.every((holds) => holds(labels))
}

/** `metadata.name=a,status.phase!=Running` on any path of an object; the API server knows only some paths. */
export function matchesFields(selector: string | undefined): (object: object) => boolean {
  const requirements = splitOutsideParentheses(selector ?? '').map((text) => {
    const [, path = '', operator, value = ''] = /^([^=!]+)(==?|!=)(.*)$/.exec(text) ?? []
    if (operator === undefined) throw new TypeError(`not a field selector: ${text}`)
    return (object: object) => (valueAt(object, path) === value) === (operator !== '!=')
  })
  return (object) => requirements.every((holds) => holds(object))
}

function toRequirement(text: string): Requirement {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(text)
  if (set !== null) {
    const [, key = '', operator, list = ''] = set
    const values = list.split(',').map((value) => value.trim())
    return (labels) => values.includes(labels[key] ?? '\0') === (operator === 'in')
  }
  const pair = /^([^=!]+)(==?|!=)(.*)$/.exec(text)
  if (pair !== null) {
    const [, key = '', operator, value = ''] = pair
    return (labels) => (labels[key.trim()] === value.trim()) === (operator !== '!=')
  }
  if (text.startsWith('!')) return (labels) => !(text.slice(1).trim() in labels)
  return (labels) => text in labels
}

function splitOutsideParentheses(selector: string): readonly string[] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function valueAt(object: object, path: string): string {
  const value = path
    .split('.')
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], object)
  return value === undefined || value === null ? '' : String(value)
}
