import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { encodeOpening, encodeRecord, joinSegments, RECORD_HEAD_BYTES, readSegment } from './journal.ts'

const sha256 = (data: Uint8Array): Uint8Array => createHash('sha256').update(data).digest()
const entry = (index: number): Uint8Array => Buffer.from(`entry ${index}`)
const record = (first: number, count: number): Uint8Array =>
  encodeRecord(
    sha256,
    first,
    Array.from({ length: count }, (_, at) => entry(first + at)),
  )
const segment = (first: number, ...records: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat([encodeOpening(sha256, first, 'pdp.example/log'), ...records])
const read = (bytes: Uint8Array): ReturnType<typeof readSegment> => readSegment(sha256, bytes)
const joined = (
  published: number,
  ...segments: readonly Uint8Array[]
): { indexes: string[]; missing: number | undefined } => {
  const { entries, missing } = joinSegments(segments.map(read), published)
  return { indexes: entries.map((bytes) => Buffer.from(bytes).toString()), missing }
}

test('records come out as they went in', () => {
  const { records, first, origin, tail } = read(segment(7, record(7, 2), record(9, 1)))
  expect({ first, origin, tail }).toEqual({ first: 7, origin: 'pdp.example/log', tail: 'none' })
  expect(records.map((held) => [held.first, held.entries.length])).toEqual([
    [7, 2],
    [9, 1],
  ])
})

describe('a torn last record', () => {
  const before = segment(0, record(0, 2))
  const whole = segment(0, record(0, 2), record(2, 3))

  test.each(Array.from({ length: whole.length - before.length }, (_, at) => before.length + at))(
    'cut at byte %i is left out, and nothing else',
    (length) => {
      const { records, tail, whole: good } = read(whole.subarray(0, length))
      expect(records).toHaveLength(1)
      expect(tail).toBe(length === before.length ? 'none' : 'torn')
      expect(good).toBe(before.length)
    },
  )
})

test('every changed byte of the last record shows, as damage where the head is whole', () => {
  const before = segment(0, record(0, 2))
  const whole = segment(0, record(0, 2), record(2, 3))
  for (let at = before.length; at < whole.length; at += 1) {
    const changed = Uint8Array.from(whole)
    changed[at] = (changed[at] ?? 0) ^ 0x40
    expect(read(changed)).toMatchObject({ tail: 'broken', whole: before.length })
  }
})

test('every changed byte of an earlier record is damage: a whole record stands behind it', () => {
  const opening = segment(0).length
  const whole = segment(0, record(0, 2), record(2, 3))
  for (let at = opening; at < segment(0, record(0, 2)).length; at += 1) {
    const changed = Uint8Array.from(whole)
    changed[at] = (changed[at] ?? 0) ^ 0x01
    expect(read(changed)).toMatchObject({ whole: opening })
    expect(['damaged', 'torn']).toContain(read(changed).tail)
    expect(joined(0, changed).missing ?? 'torn').toBe(read(changed).tail === 'damaged' ? 0 : 'torn')
  }
})

test('a segment whose opening is not whole is void', () => {
  const bytes = segment(5).subarray(0, RECORD_HEAD_BYTES - 1)
  expect(read(bytes)).toMatchObject({ first: undefined, tail: 'torn' })
  expect(joined(0, segment(0, record(0, 1)), bytes)).toEqual({ indexes: ['entry 0'], missing: undefined })
})

describe('segments', () => {
  test('follow one another', () => {
    expect(joined(0, segment(0, record(0, 2)), segment(2, record(2, 1)))).toEqual({
      indexes: ['entry 0', 'entry 1', 'entry 2'],
      missing: undefined,
    })
  })

  test('void what the one before holds from their beginning on', () => {
    const refused = encodeRecord(sha256, 1, [Buffer.from('refused'), Buffer.from('refused')])
    expect(joined(0, segment(0, record(0, 1), refused), segment(1, record(1, 1)))).toEqual({
      indexes: ['entry 0', 'entry 1'],
      missing: undefined,
    })
  })

  test('leave out what is published', () => {
    expect(joined(3, segment(0, record(0, 2)), segment(2, record(2, 3)))).toEqual({
      indexes: ['entry 3', 'entry 4'],
      missing: undefined,
    })
  })

  test('with a gap name the first entry that is lost', () => {
    expect(joined(0, segment(0, record(0, 2)), segment(3, record(3, 1)))).toEqual({
      indexes: ['entry 0', 'entry 1'],
      missing: 2,
    })
    expect(joined(1, segment(2, record(2, 1))).missing).toBe(1)
  })
})

test('a record holds an entry at least', () => {
  expect(() => encodeRecord(sha256, 0, [])).toThrow(RangeError)
})
