export {
  composeWorker,
  makeJobHandlers,
  type Worker,
  type WorkerConfig,
  type WorkerPlatform,
} from './compose.ts'
