export { type ApiSettings, defaultApiSettings, type RateLimit } from './api-settings.ts'
export {
  type Api,
  type ApiConfig,
  type ApiPlatform,
  composeApi,
  settingsFrom,
} from './compose.ts'
export { openApiDocuments } from './openapi-documents.ts'
