import { readdir, readFile, readlink } from 'node:fs/promises'

/** Listening TCP sockets of one process, from /proc: `net/tcp` has their inodes, `fd` says whose they are. */
export async function listeningOf(pid: number): Promise<{ host: string; port: number }[]> {
  const inodes = new Set<string>()
  for (const fd of await readdir(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
    if (inode !== undefined) inodes.add(inode)
  }
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8')),
  )
  return tables
    .flatMap((table) => table.trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A' && inodes.has(fields[9] ?? ''))
    .map((fields) => {
      const [address = '', port = ''] = (fields[1] ?? '').split(':')
      const host =
        address
          .match(/../g)
          ?.map((byte) => Number.parseInt(byte, 16))
          .reverse()
          .join('.') ?? ''
      return { host, port: Number.parseInt(port, 16) }
    })
}
