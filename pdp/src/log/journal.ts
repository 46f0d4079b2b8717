/**
 * The journal: what is sequenced and not yet in published tiles. Segments of records; a segment says in its opening record at which index
 * it begins, and voids whatever an earlier one holds from there on. So a record whose write or sync failed never counts, even when it
 * reached the disk after all and the file could not be cut.
 *
 * @module
 */
import { join } from 'node:path'
import { encodeOpening, encodeRecord } from '@mandate/protocol'
import type { AppendFile, Files } from './files.ts'
import { sha256 } from './hash.ts'

/** A segment that has grown to this many bytes is followed by a new one, so that the old one can be removed. */
const ROTATE_BYTES = 4 * 1024 * 1024

interface Segment {
  readonly path: string
  readonly file: AppendFile
  /** Bytes known to be durable. */
  length: number
}

/** An earlier segment: can go when everything before `end` is published. */
interface Sealed {
  readonly path: string
  readonly end: number
}

/** Path of a segment. */
export function segmentPath(directory: string, number: number): string {
  return join(directory, String(number).padStart(10, '0'))
}

/** Writes the journal. One call at a time: the sequencer sees to that. */
export class JournalWriter {
  readonly #files: Files
  readonly #directory: string
  readonly #origin: string
  readonly #sealed: Sealed[] = []
  #segment: Segment | undefined
  #number: number

  /** @param number - A segment number above all that are in use. */
  constructor(files: Files, directory: string, origin: string, number: number) {
    this.#files = files
    this.#directory = directory
    this.#origin = origin
    this.#number = number
  }

  /** Appends one record, durably. After a rejection the journal takes no more until {@link begin}. */
  async append(first: number, entries: readonly Uint8Array[]): Promise<void> {
    if (this.#segment && this.#segment.length >= ROTATE_BYTES) await this.begin(first)
    const segment = this.#segment
    if (!segment) throw new Error('the journal has no open segment')
    const record = encodeRecord(sha256, first, entries)
    await segment.file.write(record)
    await segment.file.sync()
    segment.length += record.length
  }

  /** Begins a segment whose first entry will be `first`. What the one before holds beyond its durable records is void from then on. */
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
    await this.#seal(first)
    this.#segment = { path, file, length: opening.length }
  }

  /** Puts the present segment away. Cutting it is tidiness: the new segment voids the rest anyway. */
  async #seal(end: number): Promise<void> {
    const segment = this.#segment
    if (!segment) return
    this.#segment = undefined
    await Promise.allSettled([segment.file.truncate(segment.length)])
    await Promise.allSettled([segment.file.close()])
    this.#sealed.push({ path: segment.path, end })
  }

  /** Removes the earlier segments that hold nothing above `published`. */
  async trim(published: number): Promise<void> {
    while (this.#sealed[0] && this.#sealed[0].end <= published) {
      await this.#files.remove(this.#sealed[0].path)
      this.#sealed.shift()
    }
  }

  /** Closes the journal, and removes it when all of it is published. */
  async close(next: number, published: number): Promise<void> {
    await this.#seal(next)
    await this.trim(published)
    await this.#files.syncDirectory(this.#directory)
  }
}
