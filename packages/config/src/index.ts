export type { ClusterPoolConfig, Config, Listener, LocalPoolConfig } from './config.ts'
export { describeSettings, type SettingDescription, settingsDocument } from './describe-settings.ts'
export { loadConfig } from './load-config.ts'
