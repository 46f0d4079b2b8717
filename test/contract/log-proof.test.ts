/**
 * Proofs of inclusion (C2SP tlog-proof): for any entry of any log, checked by our verifier and by the Go team's packages, which we did not
 * write.
 */
import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  canonical,
  formatVerifierKey,
  parseCheckpoint,
  parseLogProof,
  parseNote,
  tilePath,
  verifyLogProof,
} from '@mandate/protocol'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../pdp/src/log/hash.ts'
import type { OpenLog } from '../../pdp/src/log/log.ts'
import { anEntry, aPlace, faultyFiles, type Place, someEntries } from './log-kit.ts'

const CHECKER = join(import.meta.dirname, '../fixtures/tlog-check')
const asyncSha256 = (data: Uint8Array): Promise<Uint8Array> => Promise.resolve(sha256(data))
const leafOf = (number: number): Uint8Array => Buffer.from(canonical(anEntry(number)))
const sizeOf = (proof: string): number => parseCheckpoint(parseNote(parseLogProof(proof).checkpoint).text).size

/** What Go says of each: `ok INDEX SIZE` or an objection. */
function goSays(claims: readonly { proof: string; entry: Uint8Array; key: string }[]): readonly string[] {
  const input = claims.map(({ entry, ...rest }) =>
    JSON.stringify({ ...rest, entry: Buffer.from(entry).toString('base64') }),
  )
  const { stdout, stderr, status, error } = spawnSync('go', ['run', '.'], { cwd: CHECKER, input: input.join('\n') })
  if (error) throw error
  if (status !== 0) throw new Error(`the checker in Go failed: ${stderr}`)
  return String(stdout).trimEnd().split('\n')
}

async function aLog(entries: number, place: Place): Promise<OpenLog> {
  const log = await place.open({ checkpointEveryMs: 20 })
  for (let first = 0; first < entries; first += 1_000)
    await log.append(someEntries(first, Math.min(1_000, entries - first)))
  await log.prove(entries - 1)
  return log
}

const verdictOf = (place: Place, proof: string, number: number) =>
  verifyLogProof(asyncSha256, { proof, entry: leafOf(number), keys: [place.signer.verifierKey] })

describe('a proof', () => {
  test.for([1, 2, 255, 256, 257, 511, 700, 5_000])(
    'of any entry of %i holds, for us and for Go',
    {
      timeout: 120_000,
    },
    async (entries) => {
      const place = await aPlace()
      const log = await aLog(entries, place)
      const key = formatVerifierKey(place.signer.verifierKey)
      const indexes = [...new Set([0, 1, 254, 255, 256, 511, 512, 4_863, 4_864, entries - 1])].filter(
        (at) => at < entries,
      )
      const claims = []
      for (const index of indexes) {
        const proof = await log.prove(index)
        expect(await verdictOf(place, proof, index)).toMatchObject({ ok: true, index, checkpoint: { size: entries } })
        claims.push({ proof, entry: leafOf(index), key })
      }
      const wrong = { proof: await log.prove(0), entry: leafOf(entries + 1), key }
      const [last, ...others] = goSays([...claims, wrong]).toReversed()
      expect(others.toReversed()).toEqual(indexes.map((index) => `ok ${index} ${entries}`))
      expect(last).toContain('invalid transparency proof')
      await log.close()
    },
  )

  test('of an entry that no checkpoint covers yet publishes one first, and waits for no interval', async () => {
    const place = await aPlace()
    const log = await place.open({ checkpointEveryMs: 3_600_000 })
    await log.append(someEntries(0, 3))
    await log.prove(0)
    await log.append(someEntries(3, 20))
    const proofs = await Promise.all([22, 3, 10].map((index) => log.prove(index)))
    expect(proofs.map(sizeOf)).toEqual([23, 23, 23])
    expect(await log.checkpoint()).toBe(parseLogProof(proofs[0] ?? '').checkpoint)
    await log.close()
  })

  test('holds for no other entry, place or key', async () => {
    const place = await aPlace()
    const other = await aPlace()
    const log = await aLog(300, place)
    const proof = await log.prove(7)
    expect(await verdictOf(place, proof, 8)).toEqual({ ok: false, objection: expect.stringContaining('not entry 7') })
    expect(await verdictOf(place, proof.replace('index 7', 'index 8'), 7)).toMatchObject({ ok: false })
    expect(await verdictOf(other, proof, 7)).toMatchObject({
      ok: false,
      objection: expect.stringContaining('known key'),
    })
    await log.close()
  })

  test('is never given from a tile that was changed: the root would not come out', async () => {
    const place = await aPlace()
    const log = await aLog(600, place)
    const path = join(place.dir, tilePath({ level: 0, index: 0, width: 256 }))
    const tile = await readFile(path)
    tile[40] = (tile[40] ?? 0) ^ 1
    await writeFile(path, tile)
    await expect(log.prove(3)).rejects.toMatchObject({ code: 'log_unavailable' })
    await log.close()
  })

  test('of an entry that cannot be published is refused, and given when the disk is mended', async () => {
    const place = await aPlace()
    const files = faultyFiles()
    const log = await place.open({ files, checkpointEveryMs: 60_000 })
    await log.append([anEntry(0)])
    await log.prove(0)
    await log.append([anEntry(1)])
    files.fail('ENOSPC', 'replace')
    await expect(log.prove(1)).rejects.toMatchObject({ code: 'log_unavailable' })
    files.mend()
    expect(sizeOf(await log.prove(1))).toBe(2)
    await log.close()
    await expect(log.prove(2)).rejects.toBeInstanceOf(RangeError)
  })
})
