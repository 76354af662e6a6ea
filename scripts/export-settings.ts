import './require-node.ts'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { settingsDocument } from '@leasehold/config'

/** Writes docs/settings.md from the settings table; `--check` only compares. */
const file = fileURLToPath(new URL('../docs/settings.md', import.meta.url))
const wanted = settingsDocument()
if (!process.argv.includes('--check')) writeFileSync(file, wanted)
else if (readFileSync(file, 'utf8') !== wanted) {
  process.stderr.write('docs/settings.md is out of date. Run: npm run settings\n')
  process.exitCode = 1
}
