const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/**
 * Prints steps: their name, what they are at, and how long they took. On a terminal one line moves;
 * elsewhere a line comes every five seconds. A step under two seconds prints only its end, or nothing when quiet.
 */
export function makeSteps(out) {
  return {
    note: (text) => out.write(`· ${text}\n`),
    /** Runs `work(report)`; `report(text)` says what the step is at. */
    run: async (title, work) => {
      const startedAt = performance.now()
      let latest = ''
      const ticking = out.isTTY
        ? spin(out, title, startedAt, () => latest)
        : remind(out, title, startedAt, () => latest)
      try {
        const result = await work((text) => {
          latest = text
        })
        ticking.stop()
        out.write(`✓ ${title} (${seconds(startedAt)})\n`)
        return result
      } catch (error) {
        ticking.stop()
        out.write(`✗ ${title} (${seconds(startedAt)})\n`)
        throw error
      }
    },
  }
}

function spin(out, title, startedAt, latest) {
  let frame = 0
  const timer = setInterval(() => {
    frame = (frame + 1) % spinner.length
    const line = `${spinner[frame]} ${title} (${seconds(startedAt)}) ${latest()}`
    out.write(`\r\x1b[K${line.slice(0, (out.columns ?? 80) - 1)}`)
  }, 120)
  return {
    stop: () => {
      clearInterval(timer)
      out.write('\r\x1b[K')
    },
  }
}

function remind(out, title, startedAt, latest) {
  const say = () =>
    out.write(`  ${title} … ${seconds(startedAt)} ${latest()}`.trimEnd().concat('\n'))
  const first = setTimeout(say, 2_000)
  const timer = setInterval(say, 5_000)
  return {
    stop: () => {
      clearTimeout(first)
      clearInterval(timer)
    },
  }
}

function seconds(startedAt) {
  return `${((performance.now() - startedAt) / 1_000).toFixed(1)} s`
}
