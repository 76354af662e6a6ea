import { join } from 'node:path'
import { certificateName, type Installation } from './installation.ts'

/** Of the disk this much stays free, for the database beside the store. */
export const minFreeMiB = 1_024

/** A file SeaweedFS reads, by its name in the store's folder. All hold secrets or lead to them. */
export type SettingsFile = { readonly name: string; readonly text: string }

/**
 * The arguments of `weed`. No secret is among them: arguments can be read by everyone on the machine.
 * Everything listens on 127.0.0.1; of the plain HTTP interfaces only S3 and the volumes' (signed) stay.
 */
export function storeArguments(folder: string, { ports }: Installation): readonly string[] {
  return [
    ...[`-config_dir=${folder}`, `-logdir=${join(folder, 'logs')}`],
    ...['-alsologtostderr=false', '-log_max_size_mb=8', '-log_max_files=2'],
    'server',
    ...[`-dir=${join(folder, 'data')}`, '-ip=127.0.0.1', '-ip.bind=127.0.0.1', '-disableHttp'],
    ...[`-master.port=${ports.master}`, `-master.port.grpc=${ports['master-grpc']}`],
    // A lone master elects itself; waiting ten seconds for others would be for nothing.
    ...['-master.electionTimeout=1s', '-master.telemetry=false'],
    // Volumes are files that grow; one tenant's bucket has its own.
    ...[
      '-master.volumeSizeLimitMB=4096',
      '-volume.max=10000',
      `-volume.minFreeSpace=${minFreeMiB}MiB`,
    ],
    ...[`-volume.port=${ports.volume}`, `-volume.port.grpc=${ports['volume-grpc']}`],
    ...['-volume.id=leasehold', '-volume.preStopSeconds=0', '-volume.readMode=local'],
    ...['-filer', `-filer.port=${ports.filer}`, `-filer.port.grpc=${ports['filer-grpc']}`],
    ...['-filer.disableHttp', `-filer.localSocket=${join(folder, 'filer.sock')}`],
    ...['-s3', `-s3.port=${ports.s3}`, `-s3.port.grpc=${ports['s3-grpc']}`],
    ...['-s3.port.iceberg=0', '-s3.port.lance=0', '-s3.autoCreateBucket=false'],
    ...[`-s3.config=${join(folder, 's3.json')}`, '-s3.iam.readOnly=false'],
    `-s3.localSocket=${join(folder, 's3.sock')}`,
  ]
}

/** The environment of `weed`: nothing of ours, and a memory target that keeps it small when idle. */
export function storeEnvironment(folder: string): Readonly<Record<string, string>> {
  // Measured: 190 MB without a target, 158 MB with this one; below 250 MiB it collects garbage all day.
  return { PATH: '/usr/bin:/bin', HOME: folder, TMPDIR: folder, GOMEMLIMIT: '300MiB' }
}

/** Everything `weed` reads at start. */
export function settingsFiles(folder: string, installation: Installation): readonly SettingsFile[] {
  return [
    { name: 's3.json', text: JSON.stringify(identities(installation)) },
    { name: 'security.toml', text: securityToml(folder, installation) },
    { name: 'master.toml', text: masterToml },
    { name: 'store.key', text: installation.key },
    { name: 'store.crt', text: installation.certificate },
  ]
}

/** One administrator; without any identity SeaweedFS would let everybody in. */
function identities({ accessKeyId, secretAccessKey }: Installation): object {
  const credentials = [{ accessKey: accessKeyId, secretKey: secretAccessKey }]
  return { identities: [{ name: 'leasehold', credentials, actions: ['Admin'] }] }
}

/**
 * Without these keys anyone on this machine, guests behind user-mode networking included, could read
 * every tenant's content around S3, by asking the volume or filer part.
 */
function securityToml(folder: string, { signingKeys }: Installation): string {
  const signed = ['signing', 'signing.read', 'filer_signing', 'filer_signing.read']
  const tables = signed.map(
    (name, index) =>
      `[jwt.${name}]\nkey = ${JSON.stringify(signingKeys[index])}\nexpires_after_seconds = 60\n`,
  )
  const key = JSON.stringify(join(folder, 'store.key'))
  const certificate = JSON.stringify(join(folder, 'store.crt'))
  const speakers = ['master', 'volume', 'filer', 's3', 'client'].map(
    (name) =>
      `[grpc.${name}]\ncert = ${certificate}\nkey = ${key}\nallowed_commonNames = "${certificateName}"\n`,
  )
  return [
    '[access]\nui = false\n',
    '[filer.expose_directory_metadata]\nenabled = false\n',
    ...tables,
    `[grpc]\nca = ${certificate}\n`,
    ...speakers,
  ].join('\n')
}

/** A new bucket gets one volume instead of seven; upkeep that needs several machines is left out. */
const masterToml = `[master.volume_growth]
copy_1 = 1
copy_2 = 1
copy_3 = 1
copy_other = 1

[master.maintenance]
scripts = """
  lock
  s3.clean.uploads -timeAgo=24h
  volume.deleteEmpty -quietFor=24h -apply
  unlock
"""
sleep_minutes = 61
`
