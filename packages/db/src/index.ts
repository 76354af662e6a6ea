export { type ConnectionNeeds, checkConnectionRoom } from './connection-room.ts'
export {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from './embedded/start-embedded-postgres.ts'
export { type DatabaseFacts, inspectDatabase } from './inspect-database.ts'
export type { RoleFacts, RolePower } from './inspect-roles.ts'
export { type Migrated, migrateDatabase } from './migrate-database.ts'
export { type Database, openDatabase } from './open-database.ts'
