import { annotationNames } from '../object-names.ts'

/** Ends a machine and marks which generation is over, in one write. */
export function haltPatch(generation: number): object {
  return {
    metadata: { annotations: { [annotationNames.endedGeneration]: String(generation) } },
    spec: { runStrategy: 'Halted' },
  }
}
