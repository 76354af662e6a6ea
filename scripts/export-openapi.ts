import { writeFile } from 'node:fs/promises'
import { openApiDocuments } from '@leasehold/api'

/** Writes the OpenAPI documents, as the routes say them, to docs/. A test fails when they differ. */
const folder = new URL('../docs/', import.meta.url)
for (const [name, text] of Object.entries(await openApiDocuments())) {
  await writeFile(new URL(name, folder), text)
  process.stdout.write(`docs/${name}\n`)
}
