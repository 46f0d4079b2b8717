/**
 * The journal (a write-ahead log): entries that are sequenced and not yet in published tiles. It consists of segments of records. The first record of
 * a segment names the index where it begins and invalidates records of earlier segments from that index on. So a record whose write or sync
 * failed never counts, even if it reached the disk and the file could not be truncated.
 *
 * @module
 */
import { join } from 'node:path'
import { encodeOpening, encodeRecord } from '@mandate/protocol'
import type { AppendFile, Files } from './files.ts'
import { sha256 } from './hash.ts'

/** Size in bytes at which a new segment begins, so that the old one can be removed. */
const ROTATE_BYTES = 4 * 1024 * 1024

interface Segment {
  readonly path: string
  readonly file: AppendFile
  /** How many bytes are known to be durable. */
  length: number
}

/** An earlier segment: removable when every entry before `end` is published. */
interface ClosedSegment {
  readonly path: string
  readonly end: number
}

/** Path of a segment. */
export function segmentPath(directory: string, number: number): string {
  return join(directory, String(number).padStart(10, '0'))
}

/** Writes the journal. Calls must not overlap; the sequencer guarantees that. */
export class JournalWriter {
  readonly #files: Files
  readonly #directory: string
  readonly #origin: string
  readonly #closed: ClosedSegment[] = []
  #segment: Segment | undefined
  #number: number

  /** @param number - Number of the next segment, above all that exist. */
  constructor(files: Files, directory: string, origin: string, number: number) {
    this.#files = files
    this.#directory = directory
    this.#origin = origin
    this.#number = number
  }

  /** Appends one record, durably. After a rejection {@link begin} must be called before the next append. */
  async append(first: number, entries: readonly Uint8Array[]): Promise<void> {
    if (this.#segment && this.#segment.length >= ROTATE_BYTES) await this.begin(first)
    const segment = this.#segment
    if (!segment) throw new Error('the journal has no open segment')
    const record = encodeRecord(sha256, first, entries)
    await segment.file.write(record)
    await segment.file.sync()
    segment.length += record.length
  }

  /** Begins a segment at index `first`. Records of the previous segment beyond its durable part are invalid from then on. */
  async begin(first: number): Promise<void> {
    const number = this.#number
    this.#number += 1
    const path = segmentPath(this.#directory, number)
    const file = await this.#files.create(path)
    const opening = encodeOpening(sha256, first, this.#origin)
    try {
      await file.write(opening)
      await file.sync()
      await this.#files.syncDirectory(this.#directory)
    } catch (error) {
      await Promise.allSettled([file.close(), this.#files.remove(path)])
      throw error
    }
    await this.#closeSegment(first)
    this.#segment = { path, file, length: opening.length }
  }

  /** Closes the current segment. Truncating it is optional: the new segment invalidates the rest. */
  async #closeSegment(end: number): Promise<void> {
    const segment = this.#segment
    if (!segment) return
    this.#segment = undefined
    await Promise.allSettled([segment.file.truncate(segment.length)])
    await Promise.allSettled([segment.file.close()])
    this.#closed.push({ path: segment.path, end })
  }

  /** Removes earlier segments whose entries are all published. */
  async trim(published: number): Promise<void> {
    while (this.#closed[0] && this.#closed[0].end <= published) {
      await this.#files.remove(this.#closed[0].path)
      this.#closed.shift()
    }
  }

  /** Closes the journal, and removes its files when every entry is published. */
  async close(next: number, published: number): Promise<void> {
    await this.#closeSegment(next)
    await this.trim(published)
    await this.#files.syncDirectory(this.#directory)
  }
}
