import { rowSecurityContract } from './testing/row-security-contract.ts'
import { openThrowawayDatabase } from './throwaway-database.ts'

rowSecurityContract('the embedded PostgreSQL', openThrowawayDatabase)
