import { open, rename } from 'node:fs/promises'
import type { GuestSeed } from '@leasehold/guest'

const sectorBytes = 2_048
const volumeSector = 16
const pathTableSector = 18
const rootSector = 20
const firstFileSector = 21

/** Writes the seed, readable by us alone, and renames it into place. */
export async function writeSeedImage(path: string, seed: GuestSeed): Promise<void> {
  const temporary = `${path}.new`
  await using file = await open(temporary, 'w', 0o600)
  await file.writeFile(seedImage(seed))
  await file.sync()
  await rename(temporary, path)
}

/**
 * A NoCloud seed as an ISO 9660 image (ECMA-119) labelled `cidata`: one folder with plain files, no
 * extensions, lower-case names as Linux shows them anyway. Pure; needs no program and no temporary file.
 */
export function seedImage(seed: GuestSeed): Buffer {
  const files: { name: string; content: Buffer; sector: number }[] = []
  let sector = firstFileSector
  for (const [name, text] of Object.entries(seed).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const content = Buffer.from(text, 'utf8')
    files.push({ name, content, sector })
    sector += Math.max(1, Math.ceil(content.length / sectorBytes))
  }
  const image = Buffer.alloc(sector * sectorBytes)
  const root = directoryRecord('\0', rootSector, sectorBytes, true)
  volumeDescriptor(sector, root).copy(image, volumeSector * sectorBytes)
  Buffer.from('\xffCD001\x01', 'latin1').copy(image, (volumeSector + 1) * sectorBytes)
  pathTable('little').copy(image, pathTableSector * sectorBytes)
  pathTable('big').copy(image, (pathTableSector + 1) * sectorBytes)
  const entries = [
    root,
    directoryRecord('\x01', rootSector, sectorBytes, true),
    ...files.map((file) => directoryRecord(file.name, file.sector, file.content.length, false)),
  ]
  Buffer.concat(entries).copy(image, rootSector * sectorBytes)
  for (const file of files) file.content.copy(image, file.sector * sectorBytes)
  return image
}

/** ECMA-119 §8.4. */
function volumeDescriptor(sectors: number, root: Buffer): Buffer {
  const block = Buffer.alloc(sectorBytes)
  block.write('\x01CD001\x01', 0, 'latin1')
  block.fill(' ', 8, 72).write('cidata', 40, 'latin1')
  bothOrders32(sectors).copy(block, 80)
  bothOrders16(1).copy(block, 120)
  bothOrders16(1).copy(block, 124)
  bothOrders16(sectorBytes).copy(block, 128)
  bothOrders32(pathTable('little').length).copy(block, 132)
  block.writeUInt32LE(pathTableSector, 140)
  block.writeUInt32BE(pathTableSector + 1, 148)
  root.copy(block, 156)
  block.fill(' ', 190, 813)
  for (const offset of [813, 830, 847, 864]) block.write('0000000000000000\0', offset, 'latin1')
  block.writeUInt8(1, 881)
  return block
}

/** ECMA-119 §9.1. */
function directoryRecord(
  name: string,
  sector: number,
  bytes: number,
  isDirectory: boolean,
): Buffer {
  const length = 33 + name.length + (name.length % 2 === 0 ? 1 : 0)
  const record = Buffer.alloc(length)
  record.writeUInt8(length, 0)
  bothOrders32(sector).copy(record, 2)
  bothOrders32(bytes).copy(record, 10)
  // 1970-01-01: the image depends on nothing but its content.
  record.set([70, 1, 1, 0, 0, 0, 0], 18)
  record.writeUInt8(isDirectory ? 2 : 0, 25)
  bothOrders16(1).copy(record, 28)
  record.writeUInt8(name.length, 32)
  record.write(name, 33, 'latin1')
  return record
}

/** ECMA-119 §9.4: the root folder alone. */
function pathTable(order: 'little' | 'big'): Buffer {
  const table = Buffer.alloc(10)
  table.writeUInt8(1, 0)
  if (order === 'little') table.writeUInt32LE(rootSector, 2)
  else table.writeUInt32BE(rootSector, 2)
  if (order === 'little') table.writeUInt16LE(1, 6)
  else table.writeUInt16BE(1, 6)
  return table
}

function bothOrders32(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32LE(value, 0)
  bytes.writeUInt32BE(value, 4)
  return bytes
}

function bothOrders16(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt16LE(value, 0)
  bytes.writeUInt16BE(value, 2)
  return bytes
}
