import type {
  ExtendLease,
  GetLease,
  ListLeaseEvents,
  ListLeases,
  OpenJupyterLink,
  ReleaseLease,
  RequestLease,
  ResizeLease,
  RestartLease,
  StartLease,
  StopLease,
} from '@leasehold/application'
import type { FastifyPluginAsync } from 'fastify'
import type { AccessDirections } from '../../access-directions.ts'
import { extendLeaseRoute } from './extend-lease.ts'
import { getLeaseRoute } from './get-lease.ts'
import { listLeaseEventsRoute } from './list-lease-events.ts'
import { listLeasesRoute } from './list-leases.ts'
import { openJupyterLinkRoute } from './open-jupyter-link.ts'
import { releaseLeaseRoute } from './release-lease.ts'
import { requestLeaseRoute } from './request-lease.ts'
import { resizeLeaseRoute } from './resize-lease.ts'
import { restartLeaseRoute } from './restart-lease.ts'
import type { ShowLease } from './show-lease.ts'
import { startLeaseRoute } from './start-lease.ts'
import { stopLeaseRoute } from './stop-lease.ts'

export type LeaseUseCases = {
  readonly requestLease: RequestLease
  readonly listLeases: ListLeases
  readonly getLease: GetLease
  readonly listLeaseEvents: ListLeaseEvents
  readonly stopLease: StopLease
  readonly startLease: StartLease
  readonly restartLease: RestartLease
  readonly extendLease: ExtendLease
  readonly resizeLease: ResizeLease
  readonly releaseLease: ReleaseLease
  readonly openJupyterLink: OpenJupyterLink
  readonly showLease: ShowLease
  readonly directions: AccessDirections
}

/** /v1/leases */
export const leaseRoutes: FastifyPluginAsync<{ readonly useCases: LeaseUseCases }> = async (
  app,
  { useCases },
) => {
  await app.register(requestLeaseRoute, useCases)
  await app.register(listLeasesRoute, useCases)
  await app.register(getLeaseRoute, useCases)
  await app.register(releaseLeaseRoute, useCases)
  await app.register(stopLeaseRoute, useCases)
  await app.register(startLeaseRoute, useCases)
  await app.register(restartLeaseRoute, useCases)
  await app.register(extendLeaseRoute, useCases)
  await app.register(resizeLeaseRoute, useCases)
  await app.register(listLeaseEventsRoute, useCases)
  await app.register(openJupyterLinkRoute, useCases)
}
