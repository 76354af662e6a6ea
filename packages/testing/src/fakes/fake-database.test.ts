import { allStoresContract } from '../contracts/stores/all-stores-contract.ts'
import { fakeDatabase } from './fake-database.ts'

allStoresContract('fake', async (clock) => ({
  stores: fakeDatabase(clock),
  close: async () => {},
}))
