import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ReportUsage, UsageReport } from '@leasehold/application'
import { Usage, UsageQuery } from '@leasehold/contract'
import { answer, problems, timestamp, timestampOrNull } from '../answers.ts'

const schema = {
  operationId: 'reportUsage',
  summary: 'What was used in a period, and what it cost',
  description: 'Without `from` and `to`: the last 30 days. At most 366 days at once.',
  tags: ['usage'],
  querystring: UsageQuery,
  response: { 200: answer('The report.', Usage), ...problems() },
}

/** GET /v1/usage */
export const reportUsageRoute: FastifyPluginAsyncTypebox<{ reportUsage: ReportUsage }> = async (
  app,
  { reportUsage },
) => {
  app.get('', { schema }, async (request) => {
    const { from, to } = request.query
    const period = {
      from: from === undefined ? null : Date.parse(from),
      to: to === undefined ? null : Date.parse(to),
    }

    return usageView(await reportUsage(request.tenantId, period))
  })
}

function usageView(report: UsageReport): Usage {
  return {
    from: timestamp(report.from),
    to: timestamp(report.to),
    totalSeconds: report.total.seconds,
    totalCostMicros: report.total.costMicros,
    items: report.items.map((item) => ({
      kind: item.holder.kind,
      id: item.holder.id,
      startedAt: timestamp(item.startedAt),
      endedAt: timestampOrNull(item.endedAt),
      seconds: item.seconds,
      pricePerHourMicros: item.pricePerHourMicros,
      costMicros: item.costMicros,
    })),
    byDay: report.byDay.map((day) => ({ ...day })),
    byHolder: report.byHolder.map(({ holder, seconds, costMicros }) => ({
      kind: holder.kind,
      id: holder.id,
      seconds,
      costMicros,
    })),
    truncated: report.truncated,
  }
}
