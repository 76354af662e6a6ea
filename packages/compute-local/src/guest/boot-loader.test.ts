import { describe, expect, it } from 'vitest'
import { blocksFrom, bootSector, firstCoreSector, sectorRuns } from './boot-loader.ts'

describe('the boot sector of a disk that is one file system', () => {
  it('is the code of GRUB with the place of its second part and no partitions', () => {
    const sector = bootSector(Buffer.alloc(512, 0xee), 70_000)

    expect(sector.readBigUInt64LE(0x5c)).toBe(70_000n)
    expect(sector.subarray(0, 0x5c).every((byte) => byte === 0xee)).toBe(true)
    expect(sector.subarray(0x1b8, 0x1fe).every((byte) => byte === 0)).toBe(true)
    expect(sector.subarray(0x1fe).toString('hex')).toBe('55aa')
  })
})

describe('the first sector of the second part', () => {
  it('says where the others lie and where each run of them belongs in memory', () => {
    const sector = firstCoreSector(Buffer.alloc(512), [
      { start: 800, sectors: 8 },
      { start: 4_000, sectors: 3 },
    ])

    const run = (at: number) => [
      sector.readBigUInt64LE(at),
      sector.readUInt16LE(at + 8),
      sector.readUInt16LE(at + 10),
    ]
    expect(run(0x1f4)).toEqual([801n, 7, 0x820])
    expect(run(0x1f4 - 12)).toEqual([4_000n, 3, 0x820 + 7 * 32])
    expect(run(0x1f4 - 24)).toEqual([0n, 0, 0])
  })
})

describe('where a file lies on the disk', () => {
  it('is read from what debugfs prints after its greeting', () => {
    expect(blocksFrom('debugfs 1.47.0 (5-Feb-2023)\n100 101 102 \n')).toEqual([100, 101, 102])
    expect(() => blocksFrom('/boot/x: File not found by ext2_lookup')).toThrow(/not found/)
  })

  it('is told in runs of sectors, as many as the file has', () => {
    expect(sectorRuns([100, 101, 500], 19)).toEqual([
      { start: 800, sectors: 16 },
      { start: 4_000, sectors: 3 },
    ])
  })

  it('is refused when it is too scattered, or shorter than the file', () => {
    const scattered = Array.from({ length: 13 }, (_, index) => index * 2)

    expect(() => sectorRuns(scattered, 13 * 8)).toThrow(/scattered/)
    expect(() => sectorRuns([1], 9)).toThrow(/scattered/)
  })
})
