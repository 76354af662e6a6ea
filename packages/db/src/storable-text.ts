import { DomainError } from '@leasehold/domain'

/**
 * JSON of `stored` for a jsonb column. PostgreSQL's text can hold neither U+0000 nor half a surrogate
 * pair, and one such text would fail a whole batch: refused here as `request/invalid`, with the place
 * in `asked`, which is the thing as the caller knows it.
 */
export function toStorableJson(stored: object, asked: object): string {
  const json = JSON.stringify(stored)
  // Nearly always absent; a literal backslash before u0000 gets a second, exact look.
  if (suspicious.test(json)) refuseUnstorable(asked, '')
  return json
}

/** The text with what cannot be stored replaced: for words from machines, which nobody can be asked to send again. */
export function storableText(text: string): string {
  return text.replaceAll('\u0000', '\ufffd').toWellFormed()
}

export function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed()
}

// JSON.stringify writes U+0000 and lone surrogates as escapes (ECMA-262, QuoteJSONString).
const suspicious = /\\u(0000|[dD][89a-fA-F])/

function refuseUnstorable(value: unknown, pointer: string): void {
  if (typeof value === 'string') {
    if (isStorable(value)) return
    throw new DomainError(
      'request/invalid',
      'A text holds the character U+0000 or half of a surrogate pair. Send the text without it.',
      {},
      pointer,
    )
  }
  if (typeof value !== 'object' || value === null) return
  for (const [key, item] of Object.entries(value)) {
    refuseUnstorable(key, pointer)
    refuseUnstorable(item, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
  }
}
