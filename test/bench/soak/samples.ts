/**
 * What a soak samples: memory and handles of each PDP from its `/metrics`, and bytes on disk. Written as JSON lines while the run goes on, so that an
 * interrupted run keeps what it has.
 *
 * @module
 */
import { appendFileSync, readFileSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Machine } from '../peers/findings.ts'
import type { Place, RunningPdp } from '../peers/place.ts'
import type { Window } from './steady-load.ts'

/** First line of the file. */
export interface SoakHeader {
  readonly kind: 'soak'
  readonly machine: Machine
  readonly minutes: number
  /** Decisions a second. */
  readonly rate: number
  /** What the rate is half of; absent with `--rate`. */
  readonly peak?: number | undefined
}

/** State of one PDP. An absent figure could not be read. */
export interface PdpSample {
  readonly rssMb?: number | undefined
  readonly heapMb?: number | undefined
  /** Of the tuples in memory, as the PDP estimates it. */
  readonly tuplesMb?: number | undefined
  /** Open file descriptors. */
  readonly descriptors?: number | undefined
  /** Active libuv handles. */
  readonly handles?: number | undefined
  /** Events in the invalidation log. */
  readonly events?: number | undefined
  readonly pending?: number | undefined
  /** Files of the decision log, in MB. */
  readonly logMb?: number | undefined
  /** Index and other files of the data folder, in MB. */
  readonly indexMb?: number | undefined
}

/** Every further line. */
export interface Sample {
  readonly kind: 'sample'
  readonly minute: number
  /** Load average of one minute: over the number of cores the machine did other work too. */
  readonly load1: number
  readonly decisions: Window
  /** Grants that were given and revoked meanwhile. */
  readonly changes: { readonly done: number; readonly failed: number; readonly wrong: number; readonly p99: number }
  /** By name of the PDP. */
  readonly pdps: Readonly<Record<string, PdpSample>>
  /** MB by database, and of the write-ahead log. */
  readonly postgresMb: Readonly<Record<string, number>>
}

export interface Soak {
  readonly header: SoakHeader
  readonly samples: readonly Sample[]
}

const MB = 2 ** 20

export const appendLine = (file: string, line: SoakHeader | Sample): void =>
  appendFileSync(file, `${JSON.stringify(line)}\n`)

/** Reads what a run wrote. A line that was cut off by an interruption is left out. @throws TypeError for a file of something else. */
export function readSoak(file: string): Soak {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  const [header, ...samples] = lines.map((line) => JSON.parse(line) as SoakHeader | Sample)
  if (header?.kind !== 'soak') throw new TypeError(`bench: ${file}: its first line is not that of a soak`)
  return { header, samples: samples.filter((one) => one.kind === 'sample') }
}

/** Reads a PDP's figures. Never rejects: a figure that cannot be read is absent. */
export async function samplePdp({ url }: RunningPdp, folder: string): Promise<PdpSample> {
  const text = await metricsOf(url).catch(() => '')
  const value = (name: string, unit = 1): number | undefined => {
    const read = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'mu').exec(text)?.[1]
    return read === undefined ? undefined : Number(read) / unit
  }
  const log = await bytesIn(join(folder, 'log'))
  return {
    rssMb: value('process_resident_memory_bytes', MB),
    heapMb: value('nodejs_heap_size_used_bytes', MB),
    tuplesMb: value('mandate_memory_bytes', MB),
    descriptors: value('process_open_fds'),
    handles: value('nodejs_active_handles_total'),
    events: value('mandate_invalidation_log_events'),
    pending: value('mandate_pending_changes'),
    logMb: log / MB,
    indexMb: ((await bytesIn(folder)) - log) / MB,
  }
}

async function metricsOf(url: string): Promise<string> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(10_000) })
  return response.text()
}

/** Bytes of all files below a folder; files and folders that vanish meanwhile count as none. */
async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const sizes = await Promise.all(
    entries.map((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return bytesIn(path)
      return entry.isFile()
        ? stat(path).then(
            ({ size }) => size,
            () => 0,
          )
        : 0
    }),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

const SIZES = `SELECT datname, pg_database_size(datname) FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'
  UNION ALL SELECT 'write-ahead log', sum(size)::bigint FROM pg_ls_waldir()`

/** Never rejects: what cannot be read is absent. */
export async function samplePostgres({ postgres }: Pick<Place, 'postgres'>): Promise<Sample['postgresMb']> {
  const text = await postgres.query(postgres.url, SIZES).catch(() => '')
  const rows = text.split('\n').flatMap((line) => {
    const [name, bytes] = line.split('|')
    return name && bytes ? [[name, Number(bytes) / MB] as const] : []
  })
  return Object.fromEntries(rows)
}
