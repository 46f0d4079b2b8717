/**
 * Reading the decision log over HTTP (design 6, L8): what comes is what the log holds, to whom it belongs, and reading is read of.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { leafBytes, parseVerifierKey, verifyLogProof } from '@mandate/protocol'
import { describe, expect, test } from 'vitest'
import { AUDITOR, useSuite } from '../fixtures/suite.ts'

const suite = useSuite({ sharedWorld: true })
const sha256 = async (data: Uint8Array): Promise<Uint8Array> => createHash('sha256').update(data).digest()

/** Decides something, and hands back the entry's path. */
async function aDecision(): Promise<string> {
  const { headers } = await suite.world.ask({ subject: 'A', action: 'read' })
  return `/v1/decisions/${headers.get('x-evaluation-id')}`
}
const reads = async (): Promise<readonly Record<string, unknown>[]> =>
  (await suite.tpdp.call('GET', '/v1/decisions?kind=log_read', { as: AUDITOR })).body.entries

describe('a proof', () => {
  test('of a decision that was just made is a tlog-proof that holds with the pinned key', async () => {
    const path = await aDecision()
    const { body: entry } = await suite.world.call('GET', path, suite.world.as('A'))
    const { status, headers, text } = await suite.world.call('GET', `${path}/proof`, suite.world.as('A'))
    expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8'])
    const keys = [await parseVerifierKey(readFileSync(join(suite.tpdp.dataDir, 'log.vkey'), 'utf8'))]
    const verdict = await verifyLogProof(sha256, { proof: text, entry: leafBytes(entry), keys })
    expect(verdict).toMatchObject({ ok: true, index: entry.index })
    const altered = leafBytes({ ...entry, decision: !entry.decision })
    expect((await verifyLogProof(sha256, { proof: text, entry: altered, keys })).ok).toBe(false)
  })

  test('leaves an entry that says what was proven, and to whom', async () => {
    const path = await aDecision()
    await suite.tpdp.call('GET', `${path}/proof`, { as: AUDITOR })
    expect((await reads()).at(0)).toMatchObject({ target: path.split('/').at(-1), change: { as: 'proof' } })
  })

  test('of nothing, and of what is somebody else’s, is 404 alike', async () => {
    const { world } = suite
    const theirs = await world.call('GET', `${await aDecision()}/proof`, world.as('B'))
    const nothing = await world.call('GET', '/v1/decisions/01KAQWERTY0123456789ABCDEF/proof', world.as('B'))
    expect([theirs.status, theirs.body.detail]).toEqual([nothing.status, nothing.body.detail])
    expect(theirs.status).toBe(404)
  })
})
