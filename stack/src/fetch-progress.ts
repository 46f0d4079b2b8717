/**
 * Progress of a download by another program, from the size of the folder that the program writes to.
 *
 * @module
 */
import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Interval of measuring, in milliseconds. */
const INTERVAL_MS = 1_000

/** Options of {@link reportSize}. */
export interface ReportSizeOptions {
  readonly folder: string
  /** Size at which the download is complete, in bytes. */
  readonly total: number
  readonly report: (text: string) => void
}

/** Reports the progress at each tenth that was passed since the last report. @returns A function that stops it. */
export function reportSize({ folder, total, report }: ReportSizeOptions): () => void {
  const begin = performance.now()
  let tenths = 0
  let busy = false
  const measure = async (): Promise<void> => {
    if (busy) return
    busy = true
    const size = await folderSize(folder)
    busy = false
    const now = Math.floor((10 * size) / total)
    if (now <= tenths || size >= total) return
    tenths = now
    report(progressText(size, total, performance.now() - begin))
  }
  const timer = setInterval(() => void measure(), INTERVAL_MS)
  return () => clearInterval(timer)
}

/**
 * Formats `40 %, 12 s left`; the remaining time is that of the average speed so far.
 *
 * @param elapsedMs - Time since the begin, in milliseconds.
 */
export function progressText(done: number, total: number, elapsedMs: number): string {
  const left = Math.ceil((elapsedMs * (total - done)) / done / 1_000)
  const time = left > 90 ? `${Math.round(left / 60)} min` : `${left} s`
  return `${Math.floor((100 * done) / total)} %, ${time} left`
}

/** Sum of the sizes of all files, in bytes. Files that disappear meanwhile count as empty. */
async function folderSize(folder: string): Promise<number> {
  const entries: Dirent[] = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile())
  const sizes = await Promise.all(
    files.map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
