/**
 * `npm run bench -- log [--quick]`: what the decision log costs. Appends, durable, with groups of what size, on syncs as they are and made slower;
 * verification and its memory; proofs.
 *
 * @module
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { verifyDirectory } from '../../auditor/src/verify.ts'
import { type AppendFile, type Files, nodeFiles } from '../../pdp/src/log/files.ts'
import { type OpenLog, openLog } from '../../pdp/src/log/log.ts'
import { type LogSigner, loadSigner } from '../../pdp/src/log/signer.ts'
import { anEntry, ORIGIN } from '../contract/log-builders.ts'
import { readOptions } from '../support/cli-options.ts'

const INJECTED_MS = [0, 1, 5]
const WRITERS = [1, 64, 1_024]
const PROOFS = 500
const WHOLE = { appendMs: 4_000, entries: 1_000_000 }
const QUICK = { appendMs: 500, entries: 50_000 }
/** Entries that are put in at once when a log is only there to be read. */
const A_FILL = 2_000
const SAMPLE_MS = 20

/** The real file layer, with syncs of the journal counted, timed and made slower. */
class TimedFiles {
  syncs = 0
  syncMs = 0
  readonly files: Files

  constructor(injectedMs: number) {
    const real = nodeFiles()
    this.files = { ...real, create: async (path) => this.#timed(await real.create(path), injectedMs) }
  }

  #timed(file: AppendFile, injectedMs: number): AppendFile {
    return {
      ...file,
      sync: async () => {
        const began = performance.now()
        await file.sync()
        this.syncMs += performance.now() - began
        this.syncs += 1
        if (injectedMs > 0) await delay(injectedMs)
      },
    }
  }
}

interface Bench {
  readonly root: string
  readonly signer: LogSigner
  readonly print: (line: string) => void
}

export async function benchLog(args: readonly string[], print: (line: string) => void): Promise<void> {
  const { quick } = readOptions(args, { quick: false })
  const { appendMs, entries } = quick ? QUICK : WHOLE
  // On the disk of the working copy: what is under /tmp may be memory.
  const state = join(process.cwd(), '.mandate')
  await mkdir(state, { recursive: true })
  const root = await mkdtemp(join(state, 'bench-'))
  try {
    const bench = { root, print, signer: await loadSigner(nodeFiles(), join(root, 'keys'), ORIGIN) }
    print('append      injected  writers  entries/s  group  fdatasync')
    for (const injectedMs of INJECTED_MS)
      for (const writers of WRITERS) await benchAppend(bench, { injectedMs, writers, appendMs })
    const few = await fill(bench, Math.ceil(entries / 10))
    await benchVerify(bench, few, Math.ceil(entries / 10))
    const many = await fill(bench, entries)
    await benchVerify(bench, many, entries)
    await benchProofs(bench, many, entries)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

const open = ({ signer }: Bench, dir: string, files = nodeFiles()): Promise<OpenLog> =>
  openLog({ dir, origin: ORIGIN, signer, files })

async function benchAppend(
  bench: Bench,
  { injectedMs, writers, appendMs }: Readonly<Record<'injectedMs' | 'writers' | 'appendMs', number>>,
): Promise<void> {
  const dir = join(bench.root, `append-${injectedMs}-${writers}`)
  const timed = new TimedFiles(injectedMs)
  const log = await open(bench, dir, timed.files)
  const ready = Array.from({ length: 1_000 }, (_, at) => anEntry(at))
  timed.syncs = 0
  timed.syncMs = 0
  const began = performance.now()
  const write = async (writer: number): Promise<void> => {
    for (let at = writer; performance.now() - began < appendMs; at += writers)
      await log.append(ready.slice(at % ready.length, (at % ready.length) + 1))
  }
  await Promise.all(Array.from({ length: writers }, (_, at) => write(at)))
  const tookMs = performance.now() - began
  const { sequenced } = log
  const { syncs, syncMs } = timed
  await log.close()
  await rm(dir, { recursive: true })
  const cells = [
    `${injectedMs} ms`.padStart(8),
    String(writers).padStart(7),
    Math.round((sequenced / tookMs) * 1_000)
      .toLocaleString('en')
      .padStart(9),
    (sequenced / syncs).toFixed(1).padStart(5),
    `${(syncMs / syncs).toFixed(2)} ms`.padStart(9),
  ]
  bench.print(`append      ${cells.join('  ')}`)
}

/** A closed log of so many entries. */
async function fill(bench: Bench, entries: number): Promise<string> {
  const dir = join(bench.root, `log-${entries}`)
  const log = await open(bench, dir)
  for (let first = 0; first < entries; first += A_FILL)
    await log.append(Array.from({ length: Math.min(A_FILL, entries - first) }, (_, at) => anEntry(first + at)))
  await log.close()
  return dir
}

async function benchVerify({ signer, print }: Bench, directory: string, entries: number): Promise<void> {
  let most = 0
  const sample = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss)
  }, SAMPLE_MS)
  const began = performance.now()
  const { findings, size } = await verifyDirectory({ directory, keys: [signer.verifierKey] })
  const tookMs = performance.now() - began
  clearInterval(sample)
  if (findings.length > 0 || size !== entries)
    throw new Error(`the log does not verify: ${JSON.stringify(findings[0])}`)
  const perSecond = Math.round((entries / tookMs) * 1_000).toLocaleString('en')
  const memory = Math.round(most / 1_048_576)
  print(`verify      ${entries.toLocaleString('en')} entries: ${perSecond} entries/s, ${memory} MiB resident at most`)
}

async function benchProofs(bench: Bench, dir: string, entries: number): Promise<void> {
  const log = await open(bench, dir)
  const took: number[] = []
  for (let round = 0; round < PROOFS; round += 1) {
    const began = performance.now()
    await log.prove(Math.floor(Math.random() * entries))
    took.push(performance.now() - began)
  }
  await log.close()
  took.sort((a, b) => a - b)
  const at = (part: number): string => `${took[Math.floor(took.length * part)]?.toFixed(2)} ms`
  bench.print(`proof       of ${entries.toLocaleString('en')} entries: p50 ${at(0.5)}, p95 ${at(0.95)}`)
}
