/**
 * Copies a log while its PDP writes it, so that the copy opens as after a crash: every entry that was answered before the copy began is in it. Tiles are hard
 * links where the file system allows, since they are replaced and never changed in place; it costs no space.
 *
 * Order: checkpoint, the tiles of exactly its size, the journal, checkpoint again. A publication in between may have deleted partial tiles or journal segments
 * that the copy needs; then what was added since is copied too, until there was none.
 *
 * @module
 */
import { copyFile, link, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Fault, hashesAtLevel, SEGMENT_NAME, TILE_WIDTH, type Tile, tilePath, tileWidth } from '@mandate/protocol'
import { archivedEntries, sizeOfCheckpoint } from './archive.ts'
import { type Files, nodeFiles } from './files.ts'
import { loadJournal } from './recover.ts'

export interface SnapshotOptions {
  /** The log's own directory. Its writer may run. */
  readonly dir: string
  /** Directory of the copy; must not exist. */
  readonly to: string
  readonly origin: string
}

/** What a snapshot has. */
export interface Snapshot {
  /** Entries below this index are in tiles and covered by the copied checkpoint. */
  readonly published: number
  /** Entries that the copied journal has beyond them. */
  readonly pending: number
}

/** A publication takes longer than copying what it added, so a few rounds are enough. */
const ROUNDS = 1_000

/** @throws Fault `log_unavailable` when there is no log, when it is damaged, or is published faster than it can be copied. */
export async function snapshotLog({ dir, to, origin }: SnapshotOptions): Promise<Snapshot> {
  const files = nodeFiles()
  // A log has a checkpoint from its first start on. Without this, a log that was lost would be backed up as an empty one.
  if (!(await files.read(join(dir, 'checkpoint'))))
    throw new Fault('log_unavailable', `${dir} has no log: its checkpoint is missing`)
  await mkdir(join(to, 'journal'), { recursive: true, mode: 0o700 })
  let copied = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    const sealed = await archivedEntries(files, dir)
    const size = sizeOfCheckpoint(await files.read(join(dir, 'checkpoint')))
    const isWhole = (await copyTiles({ dir, to }, copied, size, sealed)) && (await copyJournal(files, { dir, to }))
    const checkpoint = await files.read(join(dir, 'checkpoint'))
    if (isWhole && checkpoint && sizeOfCheckpoint(checkpoint) === size) {
      await writeFile(join(to, 'checkpoint'), checkpoint, { mode: 0o600 })
      if (sealed > 0) await copyFile(join(dir, 'sealed'), join(to, 'sealed'))
      const { entries } = await loadJournal(files, join(to, 'journal'), origin, size)
      return { published: size, pending: entries.length }
    }
    if (isWhole) copied = size
  }
  throw new Fault('log_unavailable', 'the log was published faster than it could be copied; try again')
}

interface Between {
  readonly dir: string
  readonly to: string
}

/** @returns `false` when a tile is gone: a publication replaced it. */
async function copyTiles(between: Between, from: number, size: number, sealed: number): Promise<boolean> {
  for (const tile of tilesBetween(from, size)) {
    if (tile.level === 'entries' && (tile.index + 1) * TILE_WIDTH <= sealed) continue
    const path = tilePath(tile)
    await mkdir(dirname(join(between.to, path)), { recursive: true, mode: 0o700 })
    if (!(await linkOrCopy(join(between.dir, path), join(between.to, path)))) return false
  }
  return true
}

/** Tiles of a tree of `size` entries that a tree of `from` entries has not, or has in another width. */
function* tilesBetween(from: number, size: number): Generator<Tile> {
  for (const level of levelsOf(size)) {
    const height = level === 'entries' ? 0 : level
    const first = Math.floor(hashesAtLevel(height, from) / TILE_WIDTH)
    for (let index = first; tileWidth(level, index, size) > 0; index += 1)
      yield { level, index, width: tileWidth(level, index, size) }
  }
}

function* levelsOf(size: number): Generator<number | 'entries'> {
  yield 'entries'
  for (let level = 0; hashesAtLevel(level, size) > 0; level += 1) yield level
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

async function linkOrCopy(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return false
    if (code === 'EEXIST') return true
    if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'EMLINK' && code !== 'ENOTSUP') throw error
    return copyFile(from, to).then(
      () => true,
      (cause: unknown) => (codeOf(cause) === 'ENOENT' ? false : Promise.reject(cause)),
    )
  }
  return true
}

/** @returns `false` when a segment is gone: its entries were published. */
async function copyJournal(files: Files, { dir, to }: Between): Promise<boolean> {
  await rm(join(to, 'journal'), { recursive: true })
  await mkdir(join(to, 'journal'), { mode: 0o700 })
  for (const name of (await files.list(join(dir, 'journal'))).filter((one) => SEGMENT_NAME.test(one))) {
    const bytes = await files.read(join(dir, 'journal', name))
    if (!bytes) return false
    await writeFile(join(to, 'journal', name), bytes, { mode: 0o600 })
  }
  return true
}
