import { createHash } from 'node:crypto'

const style = `:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem}
label{display:block;margin-top:1rem}
input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;margin-top:.25rem}
button{font:inherit;padding:.5rem 1rem;margin:1.5rem .5rem 0 0}
code{font-size:1.75rem;letter-spacing:.1em}
.error{border-left:.25rem solid #b3261e;padding-left:.75rem}
.note{margin-top:2.5rem;font-size:.875rem}`

const styleHash = createHash('sha256').update(style).digest('base64')

/**
 * Nothing is loaded from anywhere. Forms may lead to loopback addresses because that is where command
 * line clients wait for the code (RFC 8252 §7.3), and browsers apply `form-action` to redirects too.
 * The one page of the library that submits itself adds the hash of its script to `script-src`.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  "form-action 'self' http://127.0.0.1:* http://localhost:* http://[::1]:*",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join(';')

/** `failure` is shown above the form, null the first time. */
export function loginPage(action: string, userName: string, failure: string | null): string {
  return page(
    'Sign in',
    `${failure === null ? '' : `<p class="error" role="alert">${escapeHtml(failure)}</p>`}
<form method="post" action="${escapeHtml(action)}">
<label>User name <input name="userName" value="${escapeHtml(userName)}" autocomplete="username" autocapitalize="none" required autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>Sign in</button>
</form>`,
  )
}

/** `form` is the library's own form with id `op.deviceInputForm`, escaped by it. */
export function deviceCodePage(form: string, failure: string | null): string {
  return page(
    'Connect a device',
    `${failure === null ? '' : `<p class="error" role="alert">${escapeHtml(failure)}</p>`}
<p>Enter the code that your device shows.</p>
${form.replace(' onfocus="this.select(); this.onfocus = undefined;"', ' aria-label="Code"')}
<button form="op.deviceInputForm">Continue</button>`,
  )
}

/** `form` is the library's own form with id `op.deviceConfirmForm`, escaped by it. */
export function deviceConfirmPage(form: string, clientName: string, userCode: string): string {
  return page(
    'Connect a device',
    `<p><strong>${escapeHtml(clientName)}</strong> wants to act for you. Your device must show this code:</p>
<p><code>${escapeHtml(userCode)}</code></p>
<p>Go on only if you started this yourself and the codes are the same.</p>
${form}
<button form="op.deviceConfirmForm">The codes are the same</button><button form="op.deviceConfirmForm" name="abort" value="yes">Cancel</button>`,
  )
}

export function messagePage(title: string, message: string): string {
  return page(title, `<p>${escapeHtml(message)}</p>`)
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Leasehold development</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${content}
<p class="note">This sign-in is for development only: everyone knows the passwords.</p>
</main>
</body>
</html>
`
}

function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
