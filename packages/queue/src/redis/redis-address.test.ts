import { describe, expect, it } from 'vitest'
import { parseRedisAddress } from './redis-address.ts'

describe('the address of Redis', () => {
  it.each([
    ['redis://cache', { kind: 'single', tls: false, hosts: [{ host: 'cache', port: 6_379 }] }],
    [
      'rediss://leasehold:p%40ss@cache.example:6380/3',
      { tls: true, username: 'leasehold', password: 'p@ss', database: 3 },
    ],
    ['redis://:secret@[::1]:7000', { password: 'secret', hosts: [{ host: '::1', port: 7_000 }] }],
    [
      'redis+sentinel://:secret@s1,s2:26380/main/1',
      {
        kind: 'sentinel',
        primaryName: 'main',
        database: 1,
        hosts: [
          { host: 's1', port: 26_379 },
          { host: 's2', port: 26_380 },
        ],
      },
    ],
    ['rediss+cluster://u:p@c1:7001,c2:7002', { kind: 'cluster', tls: true, username: 'u' }],
  ])('is read from %s', (url, parts) => {
    expect(parseRedisAddress(url)).toMatchObject(parts)
  })

  it.each([
    ['another scheme', 'http://hunter2@cache'],
    ['two hosts and nothing that chooses', 'redis://:hunter2@one,two'],
    ['sentinels that watch nothing', 'redis+sentinel://:hunter2@one,two'],
    ['a database of a cluster', 'redis+cluster://:hunter2@one/1'],
    ['a port that is none', 'redis://:hunter2@cache:99999'],
    ['a database that is no number', 'redis://:hunter2@cache/first'],
    ['a query', 'redis://:hunter2@cache?db=1'],
    ['a broken encoding', 'redis://:hunter2%zz@cache'],
  ])('is refused with %s, and never repeated', (_what, url) => {
    const read = () => parseRedisAddress(url)

    expect(read).toThrow(/REDIS_URL cannot be used\. .*redis\+sentinel:/)
    expect(read).not.toThrow(/hunter2/)
  })
})
