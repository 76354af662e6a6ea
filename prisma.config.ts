import { defineConfig } from 'prisma/config'

/** For the Prisma command line only; the platform itself reads its address through packages/config. */
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  // biome-ignore lint/suspicious/noUndeclaredEnvVars: no turbo task runs the Prisma command line
  datasource: { url: process.env.DATABASE_URL ?? 'postgresql://nobody@127.0.0.1:1/none' },
})
