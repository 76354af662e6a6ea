import { DomainError } from '@leasehold/domain'

/** Refuses text that PostgreSQL cannot keep: U+0000 and halves of surrogate pairs. */
export function requireStorable(value: unknown, field = ''): void {
  if (typeof value === 'string' && cleanText(value) !== value)
    throw new DomainError(
      'request/invalid',
      'The text holds U+0000 or half a character.',
      {},
      field,
    )
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) requireStorable(inner, `${field}/${key}`)
}

/** The text without what cannot be kept. */
export function cleanText(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\ufffd')
}
