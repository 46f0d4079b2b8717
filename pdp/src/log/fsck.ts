/**
 * Checks the index: compares every entry, posting list and chunk of the index with the log's entries. The entries are first verified against the
 * signed checkpoint, since an index that agrees with a damaged log proves nothing.
 *
 * @module
 */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { equalBytes, Fault, parseVerifierKey, rootOf, verifyCheckpoint } from '@mandate/protocol'
import type { Files } from './files.ts'
import { type CheckedChunk, type ChunkJob, checkChunk, type FsckAnswer, type HeldIndex } from './fsck-chunk.ts'
import { sha256 } from './hash.ts'
import { CHUNK_ENTRIES } from './index-chunk.ts'
import { loadJournal } from './recover.ts'

const MAX_THREADS = 8
/** Fewer chunks than this are checked faster in one thread than a second thread starts. */
const JOBS_A_THREAD = 2

export interface FsckOptions {
  readonly files: Files
  /** Absolute paths of the log, and of the directory with its `log.vkey`. */
  readonly dir: string
  readonly keys: string
  readonly origin: string
  readonly index: HeldIndex
  /** Where the index is: file path or `postgres://…`. Worker threads open it too. */
  readonly place: string
  /** Called once for each disagreement, in the order of the log, when the check is complete. */
  readonly onDisagreement: (disagreement: string) => void
}

export interface FsckReport {
  /** How many entries the log and the index hold. */
  readonly entries: number
  readonly indexed: number
  readonly disagreements: number
}

/**
 * Checks the whole index. A PDP may write the log meanwhile.
 *
 * @throws Fault `log_unavailable` when the log itself cannot be read or is damaged.
 */
export async function fsck(options: FsckOptions): Promise<FsckReport> {
  const { dir, index, onDisagreement } = options
  // The index is read first: it follows the log, so every entry in it is in the log read afterwards.
  const indexed = await index.indexed()
  const { size, root, journal } = await readLog(options)
  const entries = size + journal.length
  const jobs = Array.from({ length: Math.ceil(Math.max(indexed, size) / CHUNK_ENTRIES) }, (_, no): ChunkJob => {
    const first = no * CHUNK_ENTRIES
    const fresh = journal.slice(Math.max(0, first - size), Math.max(0, first + CHUNK_ENTRIES - size))
    return { no, dir, size, fresh, known: Math.max(entries, indexed) }
  })
  const checked = (await checkAll(jobs, options)).toSorted((one, other) => one.no - other.no)
  const roots = checked.flatMap((chunk) => chunk.root ?? [])
  if (!equalBytes(rootOf(sha256, roots), root))
    throw new Fault(
      'log_unavailable',
      'the entries do not give the root of the checkpoint: `mandate-audit verify` says which',
    )
  const found = checked.flatMap((chunk) => chunk.disagreements)
  if (indexed > entries) found.unshift(`the index holds ${indexed} entries, the log ${entries}`)
  for (const disagreement of found) onDisagreement(disagreement)
  const disagreements = found.length
  return { entries, indexed, disagreements }
}

/** Checks the chunks in this thread and others. Few at a time, since a chunk takes some megabytes. */
async function checkAll(jobs: readonly ChunkJob[], options: FsckOptions): Promise<readonly CheckedChunk[]> {
  const { files, index, place, origin } = options
  const left = jobs.toReversed()
  const checked: CheckedChunk[] = []
  const others = Math.min(MAX_THREADS, availableParallelism(), Math.ceil(jobs.length / JOBS_A_THREAD)) - 1
  const threads = Array.from({ length: others }, async () => {
    const thread = new Worker(new URL('./fsck-worker.ts', import.meta.url), { workerData: { place, origin } })
    try {
      for (let job = left.pop(); job; job = left.pop()) checked.push(await askThread(thread, job))
    } finally {
      await thread.terminate()
    }
  })
  const here = (async () => {
    for (let job = left.pop(); job; job = left.pop())
      checked.push(await checkChunk(job, files, await index.held(job.no)))
  })()
  await Promise.all([here, ...threads])
  return checked
}

function askThread(thread: Worker, job: ChunkJob): Promise<CheckedChunk> {
  return new Promise((resolve, reject) => {
    thread.once('error', reject)
    thread.once('message', ({ chunk, fault }: FsckAnswer) => {
      thread.off('error', reject)
      if (chunk) resolve(chunk)
      else reject(new Fault(fault?.code ?? 'internal', fault?.message ?? 'a thread gave no answer'))
    })
    thread.postMessage(job)
  })
}

interface ReadLog {
  readonly size: number
  readonly root: Uint8Array
  /** Entries that are sequenced and not yet published. */
  readonly journal: readonly Uint8Array[]
}

/** Reads checkpoint and journal again when a PDP published between the two reads and removed entries from the journal. */
async function readLog(options: FsckOptions, attempts = 20): Promise<ReadLog> {
  const { size, root } = await headOf(options)
  try {
    const { entries } = await loadJournal(options.files, join(options.dir, 'journal'), options.origin, size)
    return { size, root, journal: entries }
  } catch (error) {
    if (attempts <= 1) throw error
    return readLog(options, attempts - 1)
  }
}

async function headOf({
  files,
  dir,
  keys,
}: FsckOptions): Promise<{ readonly size: number; readonly root: Uint8Array }> {
  const [vkey, written] = await Promise.all([files.read(join(keys, 'log.vkey')), files.read(join(dir, 'checkpoint'))])
  if (!vkey || !written) throw new Fault('log_unavailable', `${dir} holds no checkpoint, or ${keys} no log.vkey`)
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
  const verdict = await verifyCheckpoint(
    text(written),
    await Promise.all(text(vkey).trim().split('\n').map(parseVerifierKey)),
  )
  if (!verdict.ok) throw new Fault('log_unavailable', `the checkpoint does not verify: ${verdict.objection}`)
  return verdict.checkpoint
}
