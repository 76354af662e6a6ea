import type { JobHandlers } from '../index.ts'

/** Handlers that do nothing, to put the one under test among. */
export const silentHandlers: JobHandlers = {
  'reconcile-lease': async () => {},
  'reconcile-task': async () => {},
  'admit-queued': async () => {},
  'ensure-tenant': async () => {},
}
