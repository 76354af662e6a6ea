/** `smoke` is everything but machines; `full` boots some. */
const profile = process.env.ACCEPTANCE_PROFILE === 'smoke' ? 'smoke' : 'full'

/** For `describe.skipIf`, with the reason in the title. */
export const withoutMachines = profile === 'smoke'
export const machinesTitle = withoutMachines ? ' (skipped: profile smoke boots no machines)' : ''
