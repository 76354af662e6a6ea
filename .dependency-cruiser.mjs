const adapters = '^packages/(db|queue|object-store|access|identity|compute-[^/]+)/'

/** The house's directions of import, as rules. Each has a fixture in test/boundaries that breaks it. */
export default {
  forbidden: [
    {
      name: 'every-import-is-found',
      severity: 'error',
      comment: 'What cannot be resolved cannot be judged by the other rules.',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Two modules that need each other are one module.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'domain-is-pure',
      severity: 'error',
      comment:
        'The domain may reach itself and nothing else: no npm, no node core, no other package.',
      from: { path: '^packages/domain/', pathNot: '[.]test[.]ts$' },
      to: { reachable: true, pathNot: '^packages/domain/' },
    },
    {
      name: 'application-knows-only-domain',
      severity: 'error',
      comment: 'Use cases talk to ports. Give them the thing, do not let them import it.',
      from: { path: '^packages/application/', pathNot: '[.]test[.]ts$' },
      to: { pathNot: '^packages/(application|domain)/' },
    },
    {
      name: 'contract-knows-nobody',
      severity: 'error',
      comment: 'The wire format is a promise of its own.',
      from: { path: '^packages/contract/' },
      to: { path: '^(packages|apps)/', pathNot: '^packages/contract/' },
    },
    {
      name: 'adapters-do-not-meet',
      severity: 'error',
      comment: 'Adapters meet in the composition root.',
      from: {
        path: '^packages/(db|queue|object-store|access|identity|compute-[^/]+)/',
        pathNot: '[.]test[.]ts$',
      },
      to: { path: adapters, pathNot: '^packages/$1/' },
    },
    {
      name: 'edges-stay-thin',
      severity: 'error',
      comment: 'Routes and handlers call use cases; only compose.ts sees adapters.',
      from: {
        path: '^apps/[^/]+/src/(routes|handlers|plugins)/',
        pathNot: '[.]test[.]ts$',
      },
      to: {
        path: [
          adapters,
          '^packages/wiring/',
          'node_modules/(bullmq|ioredis|pg|@prisma|@kubernetes|@aws-sdk)/',
        ],
      },
    },
    {
      name: 'only-main-sees-wiring',
      severity: 'error',
      comment:
        'wiring knows every adapter, so only the entry points and the composition roots may see it.',
      from: {
        path: '^(apps|packages)/',
        pathNot: [
          '^(packages/wiring|apps/all-in-one)/',
          '/src/(main|compose[a-z-]*)[.]ts$',
          '[.]test[.]ts$',
        ],
      },
      to: { path: '^packages/wiring/' },
    },
    {
      name: 'adapters-see-only-ports',
      severity: 'error',
      comment:
        'An adapter gets values and a log; it does not read the configuration or know the wire.',
      from: {
        path: '^packages/(db|queue|object-store|access|identity|compute-[^/]+)/',
        pathNot: '[.]test[.]ts$',
      },
      to: { path: '^packages/(config|observability|contract|wiring|dev-issuer)/' },
    },
    {
      name: 'nothing-imports-apps',
      severity: 'error',
      comment: 'An app is an edge: packages never see one.',
      from: { path: '^packages/' },
      to: { path: '^apps/' },
    },
    {
      name: 'apps-do-not-meet',
      severity: 'error',
      comment:
        'Apps are deployed apart. Only all-in-one, which starts them together, may see the others.',
      from: { path: '^apps/([^/]+)/', pathNot: '^apps/all-in-one/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'no-tests-in-production',
      severity: 'error',
      comment: 'Fakes and builders are for tests.',
      from: {
        path: '^(apps|packages)/',
        pathNot: ['[.]test[.]ts$', '^packages/testing/', '/testing/', '^apps/[^/]+/test/'],
      },
      to: {
        path: ['^packages/testing/', '^packages/.+/testing/', '[.]test[.]ts$', '^apps/[^/]+/test/'],
      },
    },
    {
      name: 'acceptance-knows-only-the-contract',
      severity: 'error',
      comment: 'Acceptance tests are a client: they see what clients see.',
      from: { path: '^test/acceptance/' },
      to: { path: '^(apps|packages)/', pathNot: '^packages/contract/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/src/generated/' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'default'] },
  },
}
