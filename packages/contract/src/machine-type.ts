import { type Static, Type } from 'typebox'
import { catalogueName, component, listOf, nullable, oneOf, ref } from './schema-parts.ts'

export const gpuModeNames = ['passthrough', 'vgpu', 'mig', 'shared'] as const

const cpu = Type.Object(
  {
    sockets: Type.Integer({ minimum: 1, maximum: 16, examples: [1] }),
    cores: Type.Integer({ minimum: 1, maximum: 256, examples: [2] }),
    threads: Type.Integer({ minimum: 1, maximum: 8, examples: [1] }),
    model: Type.String({
      minLength: 1,
      maxLength: 64,
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$',
      examples: ['host-model'],
    }),
  },
  { additionalProperties: false },
)

const disks = Type.Array(
  Type.Object(
    {
      role: oneOf(['system', 'data', 'log']),
      sizeGiB: Type.Integer({ minimum: 1, maximum: 65_536, examples: [10] }),
    },
    { additionalProperties: false },
  ),
  { minItems: 1, maxItems: 8 },
)

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
  cpu,
  memoryMiB: Type.Integer({ minimum: 128, maximum: 16_777_216, examples: [2_048] }),
  disks,
  gpus: Type.Array(ref(GpuCount), { maxItems: 8 }),
  pricePerHourMicros: Type.Integer({ minimum: 0, maximum: 1_000_000_000_000, examples: [20_000] }),
  pools: Type.Array(catalogueName('local'), { maxItems: 64 }),
  images: Type.Array(catalogueName('debian-12'), { maxItems: 64 }),
}

const offerFields = {
  pool: catalogueName('local'),
  region: Type.String({ examples: ['local'] }),
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
      offers: Type.Array(
        Type.Object(
          {
            ...offerFields,
            total: Type.Integer({ minimum: 0 }),
            free: Type.Integer({ minimum: 0 }),
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
