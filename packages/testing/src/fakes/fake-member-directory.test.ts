import { memberDirectoryContract } from '../contracts/member-directory-contract.ts'
import { fakeMemberDirectory } from './fake-member-directory.ts'

memberDirectoryContract('in memory', async () => ({
  directory: fakeMemberDirectory(),
  close: async () => {},
}))
