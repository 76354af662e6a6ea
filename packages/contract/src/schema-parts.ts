import { type Static, type TArray, type TSchema, type TUnsafe, Type } from 'typebox'

/** A schema that is a component of its own: one `$id`, one model in a generated client. */
export type Component<Schema extends TSchema = TSchema> = Schema & { readonly $id: string }

/** Names a schema as a component. The name appears in the OpenAPI document. */
export function component<Schema extends TSchema>($id: string, schema: Schema): Component<Schema> {
  return { ...schema, $id }
}

/** Points at a component instead of copying it; keeps its static type. */
export function ref<Schema extends TSchema>(schema: Component<Schema>): TUnsafe<Static<Schema>> {
  return Type.Unsafe<Static<Schema>>({ $ref: `${schema.$id}#` })
}

/** The value, or null where there is none: answers never leave a field out. */
export function nullable<Schema extends TSchema>(schema: Schema): TUnsafe<Static<Schema> | null> {
  return Type.Unsafe<Static<Schema> | null>({ anyOf: [schema, { type: 'null' }] })
}

/** One of a closed list of strings. */
export function oneOf<const Values extends readonly string[]>(
  values: Values,
  options: object = {},
): TUnsafe<Values[number]> {
  return Type.Unsafe<Values[number]>({ type: 'string', enum: [...values], ...options })
}

/** A point in time: RFC 3339, always UTC, with milliseconds. */
export const Timestamp = Type.String({
  format: 'date-time',
  maxLength: 40,
  examples: ['2026-11-24T09:30:00.000Z'],
})

/** An id as this API gives them out. */
export function id(example: string) {
  return Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', maxLength: 64, examples: [example] })
}

/** The name of a catalogue entry, a pool, an image. */
export function catalogueName(example: string) {
  return Type.String({
    pattern: '^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$',
    maxLength: 63,
    examples: [example],
  })
}

/** A name that people read: no control characters, no line breaks. */
export function displayName(example: string) {
  return Type.String({
    minLength: 1,
    maxLength: 100,
    pattern: '^[^\\u0000-\\u001f\\u007f]*$',
    examples: [example],
  })
}

const labelName = '^[a-z0-9A-Z]([a-z0-9A-Z._/-]{0,61}[a-z0-9A-Z])?$'

/** Key/value pairs for finding things again. At most 32. */
export const Labels = Type.Record(
  Type.String({ pattern: labelName }),
  Type.String({ maxLength: 63, pattern: '^[a-zA-Z0-9._/@ -]*$' }),
  {
    maxProperties: 32,
    additionalProperties: false,
    propertyNames: { pattern: labelName },
    description: 'Key/value pairs; lists can be filtered by them.',
    examples: [{ team: 'vision' }],
  },
)

/** Millionths of the installation's currency unit. */
export const Micros = Type.Integer({
  description: 'Millionths of the currency unit.',
  examples: [10_000],
})

/** Answers one page of a list; `next` is null on the last page. */
export function pageOf<Schema extends TSchema>(name: string, item: Component<Schema>) {
  const items = Type.Array(ref(item), { maxItems: 200 }) as TArray<TUnsafe<Static<Schema>>>
  return component(
    name,
    Type.Object(
      {
        items,
        next: nullable(
          Type.String({
            maxLength: 1_024,
            description: 'Give it as `cursor` to get the next page; null on the last one.',
            examples: ['eyJhZnRlciI6IjAxOTNhIn0'],
          }),
        ),
      },
      { additionalProperties: false },
    ),
  )
}

/** A list that is always answered whole. */
export function listOf<Schema extends TSchema>(name: string, item: Component<Schema>) {
  const items = Type.Array(ref(item), { maxItems: 10_000 }) as TArray<TUnsafe<Static<Schema>>>
  return component(name, Type.Object({ items }, { additionalProperties: false }))
}

/** `?limit=&cursor=`, as every paged list takes them. */
export const pageQuery = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'Items per page.' }),
  ),
  cursor: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 1_024,
      pattern: '^[A-Za-z0-9_.=-]+$',
      description: '`next` of the page before.',
    }),
  ),
}

/** `?label=key=value`, repeatable: all must match. */
export const labelQuery = {
  label: Type.Optional(
    Type.Array(Type.String({ maxLength: 130, pattern: '^[^=\\u0000]{1,63}=[^\\u0000]{0,63}$' }), {
      maxItems: 8,
      description: '`key=value`; repeat to ask for several, all of which must match.',
      examples: [['team=vision']],
    }),
  ),
}
