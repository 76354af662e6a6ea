import { spawn } from 'node:child_process'
import { prepare, prepareRuntime } from './prepare.mjs'
import { root } from './root.mjs'
import { SetUpError } from './set-up-error.mjs'

/** What can be asked for, and the program that does it. All but the cluster and the services need machines of this computer to be possible. */
const wishes = {
  demo: ['scripts/demo/main.ts'],
  start: ['scripts/demo/start.ts'],
  dev: ['--watch', 'apps/all-in-one/src/main.ts'],
  test: ['scripts/run-tests.ts'],
  bench: ['bench/main.ts'],
  cluster: ['deploy/dev-cluster/src/main.ts'],
  services: ['test/services/main.ts'],
  prepare: [],
}

/**
 * Prepares the checkout, runs the wish with the rest of the arguments and gives back its exit code.
 * Errors of the set-up are printed as one message that says what to do next.
 */
export async function runWish([name, ...rest]) {
  const wish = wishes[name]
  if (wish === undefined) {
    process.stderr.write(`Say one of: ${Object.keys(wishes).join(', ')}.\n`)
    return 2
  }
  const args = rest[0] === '--' ? rest.slice(1) : rest
  try {
    const runtime =
      name === 'cluster' || name === 'services'
        ? await prepareRuntime()
        : await prepare(optionValue(args, '--image'))
    return wish.length === 0 ? 0 : await handOver(runtime, [...wish, ...args])
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error
    process.stderr.write(`\n${error.message}\n`)
    return 1
  }
}

function optionValue(args, name) {
  const at = args.indexOf(name)
  if (at >= 0) return args[at + 1] ?? null
  return args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1) ?? null
}

/** The program gets the terminal as it is; signals reach it through the process group or by us. */
function handOver(runtime, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(runtime.node, args, { cwd: root, env: runtime.env, stdio: 'inherit' })
    // A terminal sends Ctrl-C to both: we only wait. A supervisor's signal reaches us alone: pass it on.
    const ignore = () => {}
    const passOn = () => child.kill('SIGTERM')
    process.on('SIGINT', ignore)
    process.on('SIGTERM', passOn)
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      process.off('SIGINT', ignore)
      process.off('SIGTERM', passOn)
      resolve(signal === null ? code : signal === 'SIGINT' ? 130 : 143)
    })
  })
}
