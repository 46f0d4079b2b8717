/**
 * Makes a long decision log for a PDP that is not running, through the log's own code, with its index fed.
 *
 * @module
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startIndex } from '../../../pdp/src/log/entry-index.ts'
import { type AppendFile, type Files, nodeFiles } from '../../../pdp/src/log/files.ts'
import { openLog } from '../../../pdp/src/log/log.ts'
import { loadSigner } from '../../../pdp/src/log/signer.ts'
import { anEntry } from '../../contract/log-builders.ts'

const A_FILL = 2_000

/**
 * @param dataDir - The PDP's data folder, which has its signing key already.
 * @param index - Place of its index. @default `index.db` in the data folder
 */
export async function lengthenLog(
  dataDir: string,
  origin: string,
  entries: number,
  index = join(dataDir, 'index.db'),
): Promise<void> {
  const files = unsyncedFiles()
  const log = await openLog({
    dir: join(dataDir, 'log'),
    origin,
    signer: await loadSigner(files, dataDir, origin),
    files,
  })
  const onFault = (fault: unknown): void => void process.stderr.write(`${String(fault)}\n`)
  // Opened first: its thread indexes while entries are appended.
  const fed = startIndex({ place: index, log, onFault })
  const before = log.sequenced
  for (let first = before; first < before + entries; first += A_FILL) {
    const count = Math.min(A_FILL, before + entries - first)
    await log.append(Array.from({ length: count }, (_, at) => anEntry(first + at)))
  }
  // A query waits for all entries that are sequenced.
  await fed.query({ limit: 1 })
  await fed.close()
  await log.close()
}

/** The file layer without syncs: they take most of the time, and the log need not survive a loss of power. */
function unsyncedFiles(): Files {
  const real = nodeFiles()
  const unsynced = (file: AppendFile): AppendFile => ({ ...file, sync: () => Promise.resolve() })
  return {
    ...real,
    create: async (path) => unsynced(await real.create(path)),
    replace: (path, bytes) => writeFile(path, bytes, { mode: 0o600 }),
    syncDirectory: () => Promise.resolve(),
  }
}
