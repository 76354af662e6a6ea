/**
 * `npm run demo|start|test|bench`: makes this checkout ready, then runs the wish.
 * Needs nothing but Node.js >= 20 and npm; everything else it brings or names.
 */
const oldest = 20
const major = Number(process.versions.node.split('.')[0])
if (major < oldest) {
  process.stderr.write(
    `Leasehold needs Node.js ${oldest} or newer to set itself up; this is ${process.version}. ` +
      'On Debian or Ubuntu: apt-get install nodejs npm (Debian 12 has 18: use a newer release, or nvm).\n',
  )
  process.exit(1)
}

const { runWish } = await import('./run-wish.mjs')
process.exitCode = await runWish(process.argv.slice(2))
