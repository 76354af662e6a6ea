/**
 * Settings of the embedded server, given on its command line (none is a secret). It is one of several
 * parts on one computer, so it is small and quiet when nothing happens; nothing that makes a commit
 * durable is switched off.
 */
export const serverSettings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '16MB',
  work_mem: '4MB',
  maintenance_work_mem: '32MB',
  huge_pages: 'off',
  jit: 'off',
  // No processes for things that one computer does not need: replication, parallel queries, I/O workers.
  io_method: 'sync',
  max_worker_processes: '0',
  max_parallel_workers: '0',
  max_logical_replication_workers: '0',
  max_wal_senders: '0',
  wal_level: 'minimal',
  // Rare wake-ups while idle.
  bgwriter_delay: '10s',
  wal_writer_delay: '10s',
  autovacuum_max_workers: '1',
  autovacuum_naptime: '60s',
  checkpoint_timeout: '15min',
  max_wal_size: '256MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
  // Texts of statements may hold what tenants wrote: keep them out of the log.
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
}

/** Programs of ours that a server of this major version can open again. */
export const serverMajorVersion = '18'

export function settingArguments(settings: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
