import { describe, expect, it } from 'vitest'
import { Closing } from './closing.ts'

const quiet = { info: () => {}, warn: () => {}, error: () => {} }

describe('closing a platform', () => {
  it('closes in reverse order, each once', async () => {
    const order: string[] = []
    const closing = new Closing(quiet)
    closing.add('first', async () => void order.push('first'))
    closing.add('second', async () => void order.push('second'))

    await closing.closeAll()
    await closing.closeAll()

    expect(order).toEqual(['second', 'first'])
  })

  it('goes on after one that fails, and says which it was', async () => {
    const order: string[] = []
    const errors: object[] = []
    const closing = new Closing({ ...quiet, error: (fields) => void errors.push(fields) })
    closing.add('first', async () => void order.push('first'))
    closing.add('broken', async () => {
      throw new Error('no')
    })

    await closing.closeAll()

    expect(order).toEqual(['first'])
    expect(errors).toMatchObject([{ what: 'broken' }])
  })
})
