import { describe, expect, it } from 'vitest'
import { readCompose } from './compose-document.ts'

const compose = readCompose()

describe('the stores of docker-compose.yml', () => {
  it('asks Keycloak for its health with nothing but bash, and lets it build itself for minutes', () => {
    const [, shell, , script = ''] = compose.services.keycloak?.healthcheck?.test ?? []

    expect(shell).toBe('bash')
    const words = script.split(/&&|\|\|?/).map((part) => part.trim().split(' ')[0])
    expect(words).toEqual(['exec', 'printf', 'read', '[['])
    expect(compose.services.keycloak?.healthcheck?.start_period).toBe('10m')
  })

  it('runs Redis as its own user, although a shell starts it', () => {
    expect(compose.services.redis?.command?.[0]).toBe('sh')
    expect(compose.services.redis?.user).toBe('redis')
  })
})
