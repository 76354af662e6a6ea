import { parseArgs } from 'node:util'
import { type Config, loadConfig } from '@leasehold/config'
import { allChecks } from './all-checks.ts'
import { faultsOfSettings } from './checks/settings.ts'
import type { Finding } from './finding.ts'
import { reasonOf } from './reason-of.ts'
import { exitCodeOf, renderText, reportOf } from './render.ts'
import { runChecks } from './run-checks.ts'

const usage = `Usage: leasehold doctor [--json]
Looks at every part of the installation that the settings describe, and says what to do about each finding. Changes
nothing, but for a bucket that it makes and removes. Ends with 0: in order, 1: something does not work, 2: only warnings.
`

/** Findings say what a log would; what the adapters log beside them would come twice. */
const quiet = { info: () => {}, warn: () => {}, error: () => {} }

async function examine(): Promise<readonly Finding[]> {
  let config: Config
  try {
    config = loadConfig(process.env)
  } catch (error) {
    return faultsOfSettings(error as Error)
  }
  return runChecks(allChecks(config, quiet))
}

try {
  const options = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const
  const { values } = parseArgs({ options })
  if (values.help === true) process.stdout.write(usage)
  else {
    const report = reportOf(await examine())
    const text = values.json === true ? `${JSON.stringify(report, null, 2)}\n` : renderText(report)
    process.exitCode = exitCodeOf(report)
    // Connections that hang must not keep it from ending.
    process.stdout.write(text, () => process.exit())
  }
} catch (error) {
  process.stderr.write(`${reasonOf(error)}\n${usage}`)
  process.exitCode = 64
}
