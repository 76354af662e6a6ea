import { runCommand } from '../processes/run-command.ts'
import { findGo } from './find-go.ts'

const limitMs = 10 * 60_000

/**
 * Where Go keeps the sources of a module that a program is built with; fetched when they are not there.
 *
 * @param program the folder of the program's go.mod
 */
export async function moduleFolder(
  program: string,
  module: string,
  signal: AbortSignal,
): Promise<string> {
  const go = await findGo(signal)
  const options = { cwd: program, signal, timeoutMs: limitMs }
  const output = await runCommand(go.path, ['mod', 'download', '-json', module], options)
  const { Dir: folder } = JSON.parse(output) as { readonly Dir?: string }
  if (folder === undefined) throw new Error(`Go has no sources of ${module}`)
  return folder
}
