import type { ClusterPart } from './cluster-part.ts'
import { devices } from './devices/devices-part.ts'
import { kubevirt } from './kubevirt/kubevirt-part.ts'
import { kueue } from './kueue/kueue-part.ts'
import { simulatedNodes } from './simulated/simulated-part.ts'
import { storage } from './storage/storage-part.ts'

/** In the order in which they start. */
export const parts: readonly ClusterPart[] = [kubevirt, storage, kueue, devices, simulatedNodes]
