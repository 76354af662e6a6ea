import { writeFileSync } from 'node:fs'
import { realmFile } from './build-realm.ts'

/** Writes `leasehold-realm.json` from the description: `npm run realm`. */
writeFileSync(new URL('../leasehold-realm.json', import.meta.url), realmFile())
