/**
 * The disk under the decision log fails: nothing is answered that is not logged, nothing is permitted meanwhile, and everything goes on by
 * itself when the disk is back.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseVerifierKey } from '@mandate/protocol'
import { beforeAll, describe, expect, test } from 'vitest'
import { verifyDirectory } from '../../auditor/src/verify.ts'
import { DISK_FAULTS, FaultyFiles } from '../fixtures/faulty-files.ts'
import type { Answer } from '../fixtures/pdp.ts'
import { AUDITOR, useSuite } from '../fixtures/suite.ts'

const disk = new FaultyFiles()
const suite = useSuite({ sharedWorld: true, logFiles: disk.files })

describe.for(DISK_FAULTS)('%s', (fault) => {
  const permitted: string[] = []
  const ask = (): Promise<Answer> => suite.world.ask({ subject: 'A', action: 'read' })
  const keep = ({ status, body, headers }: Answer): number => {
    if (status === 200 && body.decision) permitted.push(headers.get('x-evaluation-id') ?? '')
    return status
  }

  beforeAll(async () => {
    expect(keep(await ask())).toBe(200)
    disk.spoil(fault)
    return () => disk.mend()
  })

  test('a question is answered 503, and not with a decision', async () => {
    for (let round = 0; round < 3; round += 1) {
      const answer = await ask()
      keep(answer)
      expect(answer.status).toBe(503)
      expect(answer.body).toMatchObject({
        code: 'log_unavailable',
        title: expect.stringContaining('Nothing was permitted'),
      })
      expect(answer.body).not.toHaveProperty('decision')
      expect(answer.headers.get('retry-after')).not.toBeNull()
    }
  })

  test('nor is anything granted', async () => {
    const { world } = suite
    const answer = await world.grant({ from: 'A', to: 'B', actions: ['read'], days: 1 })
    expect([answer.status, answer.body.code]).toEqual([503, 'log_unavailable'])
  })

  test('back on a good disk it goes on by itself, all that was permitted is in the log once, and the log verifies', async () => {
    disk.mend()
    await expect.poll(async () => keep(await ask())).toBe(200)
    const { tpdp, world } = suite
    // What could not be recorded is taken back, and pending until then.
    await expect
      .poll(async () => (await world.call('GET', '/v1/grants?delegate=me', world.as('B'))).body)
      .toMatchObject({ items: [] })
    for (const id of permitted) {
      const entry = await tpdp.call('GET', `/v1/decisions/${id}`, { as: { ...AUDITOR } })
      expect(entry.body).toMatchObject({ id, kind: 'evaluation', decision: true })
    }
    const permits = await tpdp.call('GET', '/v1/decisions?decision=permit&kind=evaluation&limit=1000', {
      as: { ...AUDITOR },
    })
    const logged = permits.body.entries.map(({ id }: { readonly id: string }) => id)
    expect(logged.filter((id: string) => permitted.includes(id)).toSorted()).toEqual(permitted.toSorted())
    const keys = [await parseVerifierKey(readFileSync(join(tpdp.dataDir, 'log.vkey'), 'utf8'))]
    const { findings } = await verifyDirectory({ directory: join(tpdp.dataDir, 'log'), keys })
    expect(findings).toEqual([])
  })
})
