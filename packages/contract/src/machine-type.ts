import { type Static, Type } from 'typebox'
import { cpuFields, diskFields, shapePolicies } from './machine-shape.ts'
import { catalogueName, component, listOf, nullable, oneOf, ref } from './schema-parts.ts'

export const gpuModeNames = ['passthrough', 'vgpu', 'mig', 'shared'] as const

/** GPUs of one type. */
export const GpuCount = component(
  'GpuCount',
  Type.Object(
    { type: catalogueName('h100-80gb'), count: Type.Integer({ minimum: 1, maximum: 16 }) },
    { additionalProperties: false },
  ),
)

const priced = {
  description: Type.String({ maxLength: 500, pattern: '^[^\\u0000]*$', examples: ['Two CPUs.'] }),
  cpu: cpuFields,
  memoryMiB: Type.Integer({ minimum: 128, maximum: 16_777_216, examples: [2_048] }),
  disks: diskFields,
  gpus: Type.Array(ref(GpuCount), { maxItems: 8 }),
  ...shapePolicies,
  pricePerHourMicros: Type.Integer({ minimum: 0, maximum: 1_000_000_000_000, examples: [20_000] }),
  pools: Type.Array(catalogueName('local'), { maxItems: 64 }),
  images: Type.Array(catalogueName('debian-12'), { maxItems: 64 }),
}

const offerFields = {
  pool: catalogueName('local'),
  region: Type.String({ examples: ['local'] }),
  pricePerHourMicros: Type.Integer({ minimum: 0, examples: [20_000] }),
  detail: nullable(
    Type.String({
      description: 'Why not more of it can be had there now; null where nothing is in the way.',
      examples: ['3 free, but no node has 2'],
    }),
  ),
}

/** What a machine is made of, and its price. */
export const MachineType = component(
  'MachineType',
  Type.Object(
    {
      name: catalogueName('small'),
      ...priced,
      vcpu: Type.Integer({ description: 'sockets × cores × threads', examples: [2] }),
      available: Type.Boolean({
        description: 'Whether a pool has room for it now, or cannot be asked just now.',
      }),
      largestFit: nullable(
        Type.Integer({
          minimum: 0,
          description: 'How many one pool has room for now, where it has most; null: unknown.',
        }),
      ),
      offers: Type.Array(
        Type.Object(
          {
            ...offerFields,
            fitsNow: nullable(
              Type.Integer({ minimum: 0, description: 'Room for how many; null: unknown.' }),
            ),
          },
          { additionalProperties: false },
        ),
        { description: 'The open pools that offer it.' },
      ),
    },
    { additionalProperties: false },
  ),
)
export type MachineType = Static<typeof MachineType>
export const MachineTypeList = listOf('MachineTypeList', MachineType)

export const PutMachineTypeBody = component(
  'PutMachineTypeBody',
  Type.Object(priced, { additionalProperties: false }),
)
export type PutMachineTypeBody = Static<typeof PutMachineTypeBody>

const gpuFields = {
  product: Type.String({
    minLength: 1,
    maxLength: 200,
    pattern: '^[^\\u0000-\\u001f\\u007f]*$',
    examples: ['NVIDIA H100 80GB'],
  }),
  memoryMiB: Type.Integer({ minimum: 1, maximum: 16_777_216, examples: [81_920] }),
  mode: oneOf(gpuModeNames),
  pricePerHourMicros: Type.Integer({
    minimum: 0,
    maximum: 1_000_000_000_000,
    examples: [2_900_000],
  }),
}

/** A GPU of the catalogue with price and live availability. */
export const GpuType = component(
  'GpuType',
  Type.Object(
    {
      name: catalogueName('h100-80gb'),
      ...gpuFields,
      total: Type.Integer({ minimum: 0, description: 'In all pools together.' }),
      free: Type.Integer({ minimum: 0, description: 'Not taken by any machine now.' }),
      available: Type.Boolean({ description: 'Whether a machine can get one now.' }),
      largestFit: Type.Integer({
        minimum: 0,
        description: 'The most that one machine can get now: they must be on one node.',
      }),
      offers: Type.Array(
        Type.Object(
          {
            ...offerFields,
            total: Type.Integer({ minimum: 0 }),
            free: Type.Integer({ minimum: 0 }),
            largestFit: Type.Integer({ minimum: 0 }),
            unitsPerCard: Type.Integer({
              minimum: 1,
              description: 'How many make one card, where one is a part of a card.',
            }),
          },
          { additionalProperties: false },
        ),
        { description: 'The pools that have it.' },
      ),
    },
    { additionalProperties: false },
  ),
)
export type GpuType = Static<typeof GpuType>
export const GpuTypeList = listOf('GpuTypeList', GpuType)

/** A GPU type as an operator wrote it. */
export const GpuTypeEntry = component(
  'GpuTypeEntry',
  Type.Object({ name: catalogueName('h100-80gb'), ...gpuFields }, { additionalProperties: false }),
)

export const PutGpuTypeBody = component(
  'PutGpuTypeBody',
  Type.Object(gpuFields, { additionalProperties: false }),
)
export type PutGpuTypeBody = Static<typeof PutGpuTypeBody>

/** What one machine takes. */
export const Resources = component(
  'Resources',
  Type.Object(
    {
      vcpu: Type.Integer({ examples: [2] }),
      memoryMiB: Type.Integer({ examples: [2_048] }),
      diskGiB: Type.Integer({ examples: [10] }),
      gpus: Type.Array(ref(GpuCount)),
    },
    { additionalProperties: false },
  ),
)
export type Resources = Static<typeof Resources>
