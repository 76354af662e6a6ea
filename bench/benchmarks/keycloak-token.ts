import type { Benchmark } from '../support/benchmark.ts'
import { startKeycloakIssuer } from '../support/keycloak-issuer.ts'
import { knownAgainstOpen } from '../support/known-against-open.ts'
import { withLoadedApi } from '../support/load-rounds.ts'
import { median } from '../support/statistics.ts'

const callers = 128

export const keycloakToken: Benchmark = {
  name: 'keycloak-token',
  title: 'a route for callers with tokens of a real Keycloak : the same route without a caller',
  unit: '×',
  goal: 0.85,
  better: 'higher',
  how: [
    'As known-token, with 128 callers of 128 tenants who signed in at a Keycloak 26.7 with the shipped realm: ES256, organization claim, its own key endpoint.',
    'Keycloak runs beside it and is asked for keys only; it takes part in no request.',
    'The naive version is measured by known-token.',
  ],
  run: (tell) =>
    withLoadedApi(
      callers,
      async (api) => {
        const { runs, figures } = await knownAgainstOpen(api, tell)
        return { value: median(runs), runs, also: figures, naive: [] }
      },
      startKeycloakIssuer,
    ),
}
