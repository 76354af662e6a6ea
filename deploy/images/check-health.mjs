import http from 'node:http'
import https from 'node:https'

/**
 * A container's health check: `node check-health.mjs <port> <path>`. Ends with 0 when the server on loopback answers
 * 200 within three seconds. Where it speaks HTTPS its certificate is for other names than loopback, and is not looked at.
 */
const [port, path] = process.argv.slice(2)
const timeoutMs = 3_000

function ask(client, options) {
  return new Promise((resolve, reject) => {
    const request = client.get(
      { host: '127.0.0.1', port, path, signal: AbortSignal.timeout(timeoutMs), ...options },
      (response) => {
        response.resume()
        resolve(response.statusCode)
      },
    )
    request.once('error', reject)
  })
}

try {
  const status = await ask(http, {}).catch(() => ask(https, { rejectUnauthorized: false }))
  if (status !== 200) throw new Error(`answered ${status}`)
} catch (error) {
  process.stderr.write(`port ${port}${path}: ${error.message}\n`)
  process.exitCode = 1
}
