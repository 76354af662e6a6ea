import { afterAll, beforeAll } from 'vitest'
import { allStoresContract } from '../../testing/src/contracts/stores/all-stores-contract.ts'
import { openDatabase } from './open-database.ts'
import { openThrowawayDatabase, type ThrowawayDatabase } from './throwaway-database.ts'

const quiet = { info() {}, warn() {}, error() {} }

// Keeps the server up from the first suite to the last.
let held: ThrowawayDatabase
beforeAll(async () => {
  held = await openThrowawayDatabase()
})
afterAll(() => held.close())

allStoresContract('PostgreSQL', async (clock) => {
  const { url, close } = await openThrowawayDatabase()
  const stores = await openDatabase({ url, maxConnections: 8, log: quiet, now: clock.now })
  return {
    stores,
    async close() {
      await stores.close()
      await close()
    },
  }
})
