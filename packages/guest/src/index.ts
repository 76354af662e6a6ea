export * from './agent-files.ts'
export * from './cloud-init.ts'
