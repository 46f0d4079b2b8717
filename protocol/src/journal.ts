/**
 * Record format of the log's journal (write-ahead log): entries that have an index and are not in published tiles yet. One record is one group
 * commit: its entries are durable together or not at all. Pure. `docs/log-format.md` has the byte layout.
 *
 * @module
 */
import { equalBytes, HASH_BYTES, type Sha256 } from './merkle.ts'
import { bundleLength, decodeBundle, writeBundle } from './tile.ts'

const MAGIC = Uint8Array.from([0x6d, 0x6a, 0x72, 0x31]) // mjr1
const AT_INDEX = 4
const AT_COUNT = 12
const AT_LENGTH = 16
const AT_HEAD_CHECK = 20
const AT_HASH = 24
/** Size of a record's header, in bytes. The payload follows. */
export const RECORD_HEAD_BYTES = AT_HASH + HASH_BYTES
const HEAD_CHECK_BYTES = AT_HASH - AT_HEAD_CHECK

/** File name of a journal segment: ten decimal digits, incremented for each segment and never reused. */
export const SEGMENT_NAME = /^\d{10}$/u

const utf8 = new TextEncoder()

/** One record. The first ("opening") record of a segment holds the log's origin and no entries. */
export interface JournalRecord {
  /** Log index of the record's first entry; in an opening record, of the segment's first entry. */
  readonly first: number
  /** Canonical JSON bytes, one array per entry. */
  readonly entries: readonly Uint8Array[]
  /** The log's origin; only in an opening record. */
  readonly origin: string | undefined
  /** Size of the record, in bytes. */
  readonly length: number
}

/** Result of {@link readRecord}. `torn`: the bytes end before the record does. `damaged`: the bytes at the offset are not a valid record. */
export type JournalRead =
  | { readonly state: 'record'; readonly record: JournalRecord }
  | { readonly state: 'torn' }
  | { readonly state: 'damaged'; readonly first: number | undefined }

/**
 * Builds a record whose payload `write` puts at an offset. The header's fields are written twice: first directly before the payload, where they are the
 * input of the hash together with it, then at the record's start; the hash replaces the first copy.
 */
function frame(
  sha256: Sha256,
  { first, count, length }: Readonly<Record<'first' | 'count' | 'length', number>>,
  write: (target: Uint8Array, offset: number) => void,
): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEAD_BYTES + length)
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC)
  view.setBigUint64(AT_INDEX, BigInt(first))
  view.setUint32(AT_COUNT, count)
  view.setUint32(AT_LENGTH, length)
  bytes.set(sha256(bytes.subarray(0, AT_HEAD_CHECK)).subarray(0, HEAD_CHECK_BYTES), AT_HEAD_CHECK)
  bytes.copyWithin(HASH_BYTES, 0, AT_HASH)
  write(bytes, RECORD_HEAD_BYTES)
  bytes.set(sha256(bytes.subarray(HASH_BYTES)), AT_HASH)
  return bytes
}

/** SHA-256 over the header fields before the hash, and the payload after it. */
function recordHash(sha256: Sha256, record: Uint8Array): Uint8Array {
  const input = new Uint8Array(record.length - HASH_BYTES)
  input.set(record.subarray(0, AT_HASH))
  input.set(record.subarray(RECORD_HEAD_BYTES), AT_HASH)
  return sha256(input)
}

/**
 * Encodes a record.
 *
 * @param first - Log index of the first entry.
 * @throws RangeError for an empty list, or an entry above 65,535 bytes.
 */
export function encodeRecord(sha256: Sha256, first: number, entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length === 0) throw new RangeError('a record holds at least one entry')
  const length = bundleLength(entries)
  return frame(sha256, { first, count: entries.length, length }, (target, at) => writeBundle(entries, target, at))
}

/** Encodes the opening record of a segment whose first entry will have the log index `first`. */
export function encodeOpening(sha256: Sha256, first: number, origin: string): Uint8Array {
  const payload = utf8.encode(origin)
  return frame(sha256, { first, count: 0, length: payload.length }, (target, at) => target.set(payload, at))
}

/**
 * Decodes the record at `offset`. `bytes` must reach to the end of the segment: otherwise `torn` can also mean that more is to be read.
 * A complete but invalid header is `damaged` and not `torn`: a process crash cannot leave one. Never throws.
 */
export function readRecord(sha256: Sha256, bytes: Uint8Array, offset: number): JournalRead {
  const rest = bytes.subarray(offset)
  if (rest.length < RECORD_HEAD_BYTES) return { state: 'torn' }
  const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength)
  const check = sha256(rest.subarray(0, AT_HEAD_CHECK)).subarray(0, HEAD_CHECK_BYTES)
  const isHead =
    equalBytes(rest.subarray(0, AT_INDEX), MAGIC) && equalBytes(check, rest.subarray(AT_HEAD_CHECK, AT_HASH))
  if (!isHead) return { state: 'damaged', first: undefined }
  const first = Number(view.getBigUint64(AT_INDEX))
  const count = view.getUint32(AT_COUNT)
  const length = RECORD_HEAD_BYTES + view.getUint32(AT_LENGTH)
  if (length > rest.length) return { state: 'torn' }
  const record = rest.subarray(0, length)
  if (!equalBytes(recordHash(sha256, record), record.subarray(AT_HASH, RECORD_HEAD_BYTES)))
    return { state: 'damaged', first }
  const payload = record.subarray(RECORD_HEAD_BYTES)
  if (count === 0) {
    return { state: 'record', record: { first, entries: [], origin: new TextDecoder().decode(payload), length } }
  }
  const { entries, rest: left } = decodeBundle(payload)
  if (entries.length !== count || left > 0) return { state: 'damaged', first }
  return { state: 'record', record: { first, entries, origin: undefined, length } }
}

/**
 * A decoded segment. `tail` says what follows the last valid record: `none`; `torn`, the start of a record, as a crash or a full disk leaves it;
 * `broken`, bytes that are not a record, as a power failure can leave them; or `damaged`, invalid bytes with valid records after them.
 */
export interface Segment {
  /** Log index of its first entry. `undefined` when the opening record is invalid: the segment is then ignored. */
  readonly first: number | undefined
  /** The log's origin, from the opening record. */
  readonly origin: string | undefined
  readonly records: readonly JournalRecord[]
  readonly tail: 'none' | 'torn' | 'broken' | 'damaged'
  /** Size of the valid records, in bytes: the offset of the tail. */
  readonly whole: number
}

/** Decodes a segment. Never throws. */
export function readSegment(sha256: Sha256, bytes: Uint8Array): Segment {
  const records: JournalRecord[] = []
  let opening: JournalRecord | undefined
  let at = 0
  let tail: Segment['tail'] = 'none'
  while (at < bytes.length) {
    const read = readRecord(sha256, bytes, at)
    const isExpected = read.state === 'record' && (read.record.origin !== undefined) === (at === 0)
    if (read.state !== 'record' || !isExpected) {
      tail = read.state === 'torn' ? 'torn' : hasRecordBehind(sha256, bytes, at) ? 'damaged' : 'broken'
      break
    }
    if (at === 0) opening = read.record
    else records.push(read.record)
    at += read.record.length
  }
  return { first: opening?.first, origin: opening?.origin, records, tail, whole: at }
}

/**
 * Whether a valid record follows `offset`. Only one record is written at a time, so a valid record after an invalid one proves that the invalid one
 * had been durable.
 */
function hasRecordBehind(sha256: Sha256, bytes: Uint8Array, offset: number): boolean {
  for (let at = offset + 1; at + RECORD_HEAD_BYTES <= bytes.length; at += 1) {
    if (bytes[at] === MAGIC[0] && readRecord(sha256, bytes, at).state === 'record') return true
  }
  return false
}

/** The journal's entries above the published tree, in order. `missing`: the first log index that should be in the journal and is not. */
export interface JournalEntries {
  readonly entries: readonly Uint8Array[]
  readonly missing: number | undefined
}

/**
 * Joins segments, oldest first. Entries of a segment at or above the first index of the next segment are ignored.
 *
 * @param published - Size of the published tree: entries with a lower index are in tiles and left out.
 */
export function joinSegments(segments: readonly Segment[], published: number): JournalEntries {
  const opened = segments.filter(({ first }) => first !== undefined)
  const entries: Uint8Array[] = []
  for (const [at, segment] of opened.entries()) {
    const end = opened[at + 1]?.first ?? Number.POSITIVE_INFINITY
    const next = published + entries.length
    if ((segment.first ?? 0) > next) return { entries, missing: next }
    for (const { first, entries: held } of segment.records) {
      for (const [offset, entry] of held.entries()) {
        const index = first + offset
        if (index >= end || index < published + entries.length) continue
        if (index > published + entries.length) return { entries, missing: published + entries.length }
        entries.push(entry)
      }
    }
  }
  const damaged = segments.some(({ tail }) => tail === 'damaged')
  return { entries, missing: damaged ? published + entries.length : undefined }
}
