/**
 * What the tests of the log share: builders, a file layer that fails on demand, and the verifier.
 *
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NoteSigner } from '@mandate/protocol'
import { onTestFinished, vi } from 'vitest'
import { type VerifyReport, verifyDirectory } from '../../auditor/src/verify.ts'
import { type AppendFile, type Files, nodeFiles } from '../../pdp/src/log/files.ts'
import { type LogOptions, type OpenLog, openLog } from '../../pdp/src/log/log.ts'
import { loadSigner } from '../../pdp/src/log/signer.ts'
import { ORIGIN } from './log-builders.ts'

export * from './log-builders.ts'

/** A place for one log, gone after the test. */
export interface Place {
  readonly dir: string
  /** Where `log.key` and `log.vkey` are. */
  readonly keys: string
  readonly signer: NoteSigner
  open(options?: Partial<LogOptions>): Promise<OpenLog>
  verify(remembered?: string): Promise<VerifyReport>
}

export async function aPlace(): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), 'mandate-log-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  const signer = await loadSigner(nodeFiles(), join(root, 'keys'), ORIGIN)
  const dir = join(root, 'log')
  return placeAt(dir, signer, join(root, 'keys'))
}

/** A log's directory with its key: to open and verify it. */
export function placeAt(dir: string, signer: NoteSigner, keys = ''): Place {
  return {
    dir,
    keys,
    signer,
    open: (options = {}) => openLog({ dir, origin: ORIGIN, signer, ...options }),
    verify: (remembered) => verifyDirectory({ directory: dir, keys: [signer.verifierKey], remembered }),
  }
}

/** A finding as one line, to be compared. */
export function lines({ findings }: VerifyReport): string[] {
  return findings.map(({ index, id, problem }) => `${index ?? '-'} ${id ?? '-'} ${problem}`)
}

type Operation = 'write' | 'sync' | 'truncate' | 'create' | 'replace' | 'syncDirectory' | 'remove'

/** A file layer on the real one, any operation of which can be made to fail. */
export interface FaultyFiles extends Files {
  /** Makes operations fail from now on, with this error code. A failing write leaves half of its bytes behind. */
  fail(code: string, ...operations: readonly Operation[]): void
  /** Everything works again. */
  mend(): void
  /** Calls so far, by operation. */
  readonly calls: Readonly<Record<Operation, number>>
  /** Syncs of the journal wait from now on, until what is returned is called. */
  hang(): () => void
  /** How many syncs wait. */
  readonly hanging: number
}

export function faultyFiles(): FaultyFiles {
  const real = nodeFiles()
  const calls = { write: 0, sync: 0, truncate: 0, create: 0, replace: 0, syncDirectory: 0, remove: 0 }
  let failing: readonly Operation[] = []
  let code = ''
  let gate: Promise<void> | undefined
  let hanging = 0
  const pass = (operation: Operation): void => {
    calls[operation] += 1
    if (failing.includes(operation)) throw Object.assign(new Error(`${code}: injected`), { code })
  }
  const append = (file: AppendFile): AppendFile => ({
    write: async (bytes) => {
      if (failing.includes('write')) await file.write(bytes.subarray(0, bytes.length / 2))
      pass('write')
      await file.write(bytes)
    },
    sync: async () => {
      hanging += 1
      await gate
      hanging -= 1
      pass('sync')
      await file.sync()
    },
    truncate: async (length) => {
      pass('truncate')
      await file.truncate(length)
    },
    close: () => file.close(),
  })
  return {
    ...real,
    calls,
    fail: (newCode, ...operations) => {
      code = newCode
      failing = operations
    },
    mend: () => {
      failing = []
    },
    hang: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return () => {
        gate = undefined
        resolve()
      }
    },
    get hanging() {
      return hanging
    },
    create: async (path) => {
      pass('create')
      return append(await real.create(path))
    },
    replace: async (path, bytes, temporary) => {
      pass('replace')
      await real.replace(path, bytes, temporary)
    },
    syncDirectory: async (path) => {
      pass('syncDirectory')
      await real.syncDirectory(path)
    },
    remove: async (path) => {
      pass('remove')
      await real.remove(path)
    },
  }
}

/** Waits until a check holds. Generous: only a failure takes so long. */
export const eventually = (check: () => unknown): Promise<unknown> =>
  vi.waitFor(check, { timeout: 20_000, interval: 20 })

/** Everything in a log, read back as the index would. */
export async function idsIn(log: OpenLog): Promise<string[]> {
  const ids: string[] = []
  while (ids.length < log.sequenced) {
    const entries = await log.read(ids.length)
    for (const { bytes } of entries) ids.push((JSON.parse(Buffer.from(bytes).toString()) as { id: string }).id)
  }
  return ids
}
