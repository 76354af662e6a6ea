/** What Node's TLS says of a certificate that it does not believe: unknown authority, wrong name, wrong time. */
const codes =
  /^(UNABLE_TO_(GET|VERIFY|DECRYPT|DECODE)_|(DEPTH_ZERO_)?SELF_SIGNED_CERT|CERT_|ERR_TLS_CERT_ALTNAME)/

/** Whether something failed because the other side's certificate was not believed. */
export function isDistrust(error: unknown): boolean {
  for (let inner = error, depth = 0; inner instanceof Error && depth < 5; depth++) {
    if (codes.test(String((inner as NodeJS.ErrnoException).code ?? ''))) return true
    inner = inner.cause
  }
  return false
}
