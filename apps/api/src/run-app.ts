import type {
  AppendRunLog,
  BeginRun,
  FinishRun,
  HeartbeatRun,
  OpenRunInput,
  ReadRunScript,
  StoreRunOutput,
} from '@leasehold/application'
import type { Component } from '@leasehold/contract'
import { type EdgeParts, makeEdge } from './edge-parts.ts'
import type { Server } from './make-server.ts'
import { appendRunLogRoute } from './routes/run/append-run-log.ts'
import { beginRunRoute } from './routes/run/begin-run.ts'
import { finishRunRoute } from './routes/run/finish-run.ts'
import { heartbeatRunRoute } from './routes/run/heartbeat-run.ts'
import { readRunFilesRoute } from './routes/run/read-run-files.ts'
import { storeRunOutputRoute } from './routes/run/store-run-output.ts'

const noComponents: readonly Component[] = []

export type RunUseCases = {
  readonly beginRun: BeginRun
  readonly readRunScript: ReadRunScript
  readonly openRunInput: OpenRunInput
  readonly appendRunLog: AppendRunLog
  readonly heartbeatRun: HeartbeatRun
  readonly storeRunOutput: StoreRunOutput
  readonly finishRun: FinishRun
}

/**
 * The API for the agents inside task machines, built and not listening. Every use case checks the
 * per-run credential itself: a member's token is nothing here, and the other way round.
 */
export function makeRunApp(parts: EdgeParts, useCases: RunUseCases): Server {
  const app = makeEdge('run-api', parts, noComponents, null)
  const options = {
    ...useCases,
    uploadLimitBytes: parts.settings.outputLimitBytes,
    transferTimeoutMs: parts.settings.uploadTimeoutMs,
    prefix: '/run/v1',
  }
  void app.register(beginRunRoute, options)
  void app.register(readRunFilesRoute, options)
  void app.register(appendRunLogRoute, options)
  void app.register(heartbeatRunRoute, options)
  void app.register(storeRunOutputRoute, options)
  void app.register(finishRunRoute, options)
  return app
}
