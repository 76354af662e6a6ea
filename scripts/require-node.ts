/** Ends the program with a clear message on a Node.js that cannot run it. Import it first in an entry point. */
const needed = 24
if (Number(process.versions.node.split('.')[0]) < needed) {
  process.stderr.write(
    `This program needs Node.js ${needed}; this is ${process.version}. ` +
      'Start it through npm (npm run demo, npm test, …): the set-up brings the right one.\n',
  )
  process.exit(1)
}
