/** Tells the person what the tour does. `tell` prints one line inside the chapter. */
export type Tell = (text: string) => void

export type Narrator = {
  chapter<Result>(title: string, work: (tell: Tell) => Promise<Result>): Promise<Result>
}

/** A chapter that failed, with its number and title in front of the reason. */
export class ChapterFailed extends Error {
  constructor(title: string, cause: unknown) {
    super(`${title}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.name = 'ChapterFailed'
  }
}

/** Prints chapters with numbers, the time each line came at, and how long the chapter took. */
export function makeNarrator(out: { write(text: string): unknown }): Narrator {
  let number = 0
  return {
    chapter: async (title, work) => {
      number += 1
      const heading = `${number}. ${title}`
      const startedAt = performance.now()
      const elapsed = () => `${((performance.now() - startedAt) / 1_000).toFixed(1)} s`
      out.write(`\n${heading}\n`)
      const tell: Tell = (text) => {
        for (const line of text.trimEnd().split('\n'))
          out.write(`   ${elapsed().padStart(7)}  ${printable(line)}\n`)
      }
      try {
        const result = await work(tell)
        out.write(`   ✓ ${elapsed()}\n`)
        return result
      } catch (error) {
        out.write(`   ✗ ${elapsed()}\n`)
        throw new ChapterFailed(heading, error)
      }
    },
  }
}

/** What machines print is shown without its control characters: it could rewrite the terminal. */
function printable(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what we look for
  return line.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '·')
}
