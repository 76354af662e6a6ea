/** A row that is not what it says it is. Names the row and the field: somebody has to repair it by hand. */
export class BadRow extends Error {
  constructor(row: string, path: string, expected: string, found: unknown) {
    super(`${row}: ${path} should be ${expected}, and is ${describe(found)}`)
    this.name = 'BadRow'
  }
}

function describe(value: unknown): string {
  if (value === undefined) return 'missing'
  // Values may be a tenant's own words or secrets: say what kind of thing it is, never the thing.
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}

/** Reads fields of a JSON document with their types checked; every complaint names the row. */
export class DocumentReader {
  readonly #row: string
  readonly #path: string
  readonly #fields: Readonly<Record<string, unknown>>

  constructor(row: string, document: unknown, path = 'document') {
    if (typeof document !== 'object' || document === null || Array.isArray(document))
      throw new BadRow(row, path, 'an object', document)
    this.#row = row
    this.#path = path
    this.#fields = document as Readonly<Record<string, unknown>>
  }

  text<Text extends string = string>(name: string): Text {
    return this.#checked(name, 'a text', (value): value is Text => typeof value === 'string')
  }

  textOrNull<Text extends string = string>(name: string): Text | null {
    return this.#fields[name] === null ? null : this.text<Text>(name)
  }

  /** A text that is one of these. */
  oneOf<Text extends string>(name: string, known: readonly Text[]): Text {
    return this.#checked(name, `one of ${known.join(', ')}`, (value): value is Text =>
      known.includes(value as Text),
    )
  }

  integer(name: string): number {
    return this.#checked(name, 'a whole number', (value): value is number =>
      Number.isSafeInteger(value),
    )
  }

  integerOrNull(name: string): number | null {
    return this.#fields[name] === null ? null : this.integer(name)
  }

  number(name: string): number {
    return this.#checked(name, 'a number', (value): value is number => Number.isFinite(value))
  }

  boolean(name: string): boolean {
    return this.#checked(name, 'true or false', (value): value is boolean => {
      return typeof value === 'boolean'
    })
  }

  texts<Text extends string = string>(name: string): readonly Text[] {
    return this.#checked(name, 'a list of texts', (value): value is readonly Text[] => {
      return Array.isArray(value) && value.every((item) => typeof item === 'string')
    })
  }

  /** A map from text to text. */
  textMap(name: string): Readonly<Record<string, string>> {
    return this.#checked(name, 'an object of texts', isTextMap)
  }

  object(name: string): DocumentReader {
    return new DocumentReader(this.#row, this.#fields[name], `${this.#path}.${name}`)
  }

  objectOrNull(name: string): DocumentReader | null {
    return this.#fields[name] === null ? null : this.object(name)
  }

  /** For what rows of earlier versions lack: missing reads as null. */
  optional<Value>(name: string, read: (name: string) => Value): Value | null {
    const value = this.#fields[name]
    return value === undefined || value === null ? null : read(name)
  }

  objects(name: string): readonly DocumentReader[] {
    const list = this.#checked(name, 'a list', (value): value is readonly unknown[] =>
      Array.isArray(value),
    )
    return list.map(
      (item, index) => new DocumentReader(this.#row, item, `${this.#path}.${name}[${index}]`),
    )
  }

  #checked<Value>(
    name: string,
    expected: string,
    isExpected: (value: unknown) => value is Value,
  ): Value {
    const value = this.#fields[name]
    if (!isExpected(value)) throw new BadRow(this.#row, `${this.#path}.${name}`, expected, value)
    return value
  }
}

function isTextMap(value: unknown): value is Readonly<Record<string, string>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((item) => typeof item === 'string')
  )
}
