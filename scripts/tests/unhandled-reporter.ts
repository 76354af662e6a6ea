import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Reporter, SerializedError, Vitest } from 'vitest/node'

/** An error that belongs to no test, as Vitest reports it. */
export type UnhandledError = Pick<SerializedError, 'message' | 'stack'> & {
  /** The file that ran when it was thrown, and its test. */
  readonly VITEST_TEST_PATH?: string
  readonly VITEST_TEST_NAME?: string
}

/** Beside Vitest's JSON report, which leaves these out. */
export function unhandledFile(report: string): string {
  return report.replace(/\.json$/, '.unhandled.json')
}

/** Writes down errors that no test caught, so that the end of `npm test` can name them. */
export default class UnhandledReporter implements Reporter {
  #file: string | null = null

  onInit({ config: { root, outputFile } }: Vitest): void {
    const report = typeof outputFile === 'string' ? outputFile : outputFile?.json
    if (report !== undefined) this.#file = path.resolve(root, unhandledFile(report))
  }

  async onTestRunEnd(_modules: unknown, errors: readonly SerializedError[]): Promise<void> {
    if (this.#file === null) return
    await mkdir(path.dirname(this.#file), { recursive: true })
    await writeFile(this.#file, JSON.stringify(errors))
  }
}
