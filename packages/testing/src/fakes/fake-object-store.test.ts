import { objectStoreContract } from '../contracts/object-store-contract.ts'
import { manualClock } from '../manual-clock.ts'
import { fakeObjectStore } from './fake-object-store.ts'

objectStoreContract('fake', { open: async () => fakeObjectStore(manualClock()) })
