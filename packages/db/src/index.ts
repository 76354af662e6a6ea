export {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from './embedded/start-embedded-postgres.ts'
export { type Migrated, migrateDatabase } from './migrate-database.ts'
export { type Database, openDatabase } from './open-database.ts'
