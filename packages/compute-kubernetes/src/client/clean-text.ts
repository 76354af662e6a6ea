const longest = 1_000
const jwt = /eyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?/g
const pem = /-----BEGIN [A-Z ]+-----[\s\S]*?(-----END [A-Z ]+-----|$)/g
const bearer = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi
/** Longer than a SHA-256 in hexadecimal; nothing that helps a reader is. */
const blob = /[A-Za-z0-9+/_=]{65,}/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g

/** A text from outside, fit for logs and errors: one line, cut, and without what looks like a credential. */
export function cleanText(text: string, secrets: readonly string[] = []): string {
  const cut = text.length > longest * 4 ? text.slice(0, longest * 4) : text
  const known = secrets
    .filter((secret) => secret.length >= 6)
    .reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), cut)
  const clean = known
    .replace(pem, '[key]')
    .replace(jwt, '[token]')
    .replace(bearer, '$1 [secret]')
    .replace(blob, '[…]')
    .replace(control, ' ')
    .trim()
  return clean.length > longest ? `${clean.slice(0, longest)}…` : clean
}
