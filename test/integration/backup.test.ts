/**
 * Backup and restore of a whole installation (ADR 0151): backed up while it is used, destroyed, restored. What ended before or after the backup stays ended.
 * `backup-kept-logs.test.ts`, of the nightly run, restores it in other ways.
 */
import { randomUUID } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseVerifierKey } from '@mandate/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyDirectory } from '../../auditor/src/verify.ts'
import { Installation, MISSING, type Ran } from '../fixtures/installation.ts'
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts'

const AUDIENCE = 'https://pdp.example/v1/signals'
/** Object identifiers in DER: `id-ct-authEnvelopedData` (RFC 5083) and `aes256-GCM` (RFC 5084). */
const AUTH_ENVELOPED_DATA = Buffer.from('060b2a864886f70d0109100117', 'hex')
const AES_256_GCM = Buffer.from('060960864801650304012e', 'hex')
const BEARER = 'a-bearer-of-the-security-service-0123456789'

let transmitter: TestIssuer
let it: Installation

beforeAll(async () => {
  if (MISSING) return
  transmitter = await startIssuer()
  const { issuer } = transmitter
  const signals = [{ issuer, bearer: BEARER, jwks_url: `${issuer}/certs`, audience: AUDIENCE }]
  it = await Installation.start({ PDP_SIGNALS: JSON.stringify(signals) })
}, 120_000)

afterAll(async () => {
  await it?.stop()
  await transmitter?.stop()
})

/** The identity provider reports that a person's login was disabled. */
async function disableLogin(name: string): Promise<void> {
  const set = {
    iss: transmitter.issuer,
    aud: AUDIENCE,
    iat: Math.floor(Date.now() / 1_000),
    jti: randomUUID(),
    sub_id: { format: 'iss_sub', iss: it.issuer.issuer, sub: it.world.id(name) },
    events: { 'https://schemas.openid.net/secevent/risc/event-type/account-disabled': {} },
  }
  const answer = await fetch(`${it.pdp(0).pdp.url}/v1/signals`, {
    method: 'POST',
    headers: {
      'content-type': 'application/secevent+jwt',
      accept: 'application/json',
      authorization: `Bearer ${BEARER}`,
    },
    body: await transmitter.sign(set, { typ: 'secevent+jwt' }),
  })
  expect(answer.status).toBe(202)
}

const pseudonymOf = async (name: string): Promise<string> =>
  (await it.world.call('GET', '/v1/subjects/me/export', it.world.as(name))).body.pseudonym
async function erase(name: string): Promise<void> {
  expect((await it.world.call('DELETE', '/v1/subjects/me', it.world.as(name))).status).toBe(200)
}
const ownStatus = async (name: string, index: number): Promise<number> =>
  (await it.pdp(index).call('GET', '/v1/personas', { as: it.world.as(name) })).status
const namesIn = (dir: string): readonly string[] => (existsSync(dir) ? readdirSync(dir) : [])

describe.skipIf(MISSING !== '')(`backup and restore${MISSING && `: ${MISSING}`}`, () => {
  let checkpoints: readonly string[] = []
  /** Pseudonyms of the people who are erased. */
  const erased = new Map<string, string>()

  test('an installation is backed up while it is used; nothing is overwritten', { timeout: 120_000 }, async () => {
    const { world } = it
    for (const to of ['B', 'C', 'D', 'M', 'M2'])
      await world.grant({ name: `a${to}`, from: 'A', to, actions: ['execute'] })
    for (const name of ['M', 'M2']) erased.set(name, await pseudonymOf(name))
    for (const subject of ['B', 'C', 'D', 'M2']) expect(await it.permits(subject), subject).toBe(true)
    expect((await world.revoke('aC', 'A')).status).toBe(200)
    await erase('M')
    const stop = it.use()
    const ran = await it.backUp('whole')
    await stop()
    expect(ran).toMatchObject({ status: 0, said: expect.stringContaining('whole and signed') })
    expect(await it.backUp('whole')).toMatchObject({ status: 73 })
    const parts = namesIn(join(it.place, 'whole')).filter((name) => !name.startsWith('MANIFEST'))
    expect(parts.length).toBeGreaterThan(5)
    for (const name of parts)
      for (const id of [AUTH_ENVELOPED_DATA, AES_256_GCM])
        expect(
          readFileSync(join(it.place, 'whole', name))
            .subarray(0, 1_024)
            .includes(id),
          name,
        ).toBe(true)
    // After it: a grant ends on the other PDP, M2 is erased, and B's login is disabled.
    const end = { as: world.as('A'), body: {} }
    expect((await it.pdp(1).call('POST', `/v1/grants/${world.named.get('aD')}/revoke`, end)).status).toBe(200)
    await erase('M2')
    await disableLogin('B')
    for (const index of [0, 1]) expect(await ownStatus('B', index)).toBe(401)
    // Before the copy: an entry that a PDP adds by itself afterwards, such as its summary of refusals, is not in it.
    checkpoints = [0, 1].map((index) => readFileSync(join(it.dataOf(index), 'log', 'checkpoint'), 'utf8'))
    expect(await it.backUp('later', '--logs')).toMatchObject({ status: 0 })
    expect(await it.restore('whole', '--force')).toMatchObject({ status: 69, said: expect.stringMatching(/runs on/u) })
    await it.stopAll()
  })

  test('a backup that was altered, cut, mixed or signed by another key is refused, and nothing is written', {
    timeout: 60_000,
  }, async () => {
    it.destroy()
    const damage = async (name: string, change: (dir: string) => void, more = {}): Promise<Ran> => {
      const dir = join(it.place, 'damaged')
      rmSync(dir, { recursive: true, force: true })
      cpSync(join(it.place, 'whole'), dir, { recursive: true })
      change(dir)
      const ran = await it.script('restore.sh', ['--layout', join(it.place, 'layout'), dir], more)
      for (const place of [join(it.cluster.folder, 'data'), it.dataOf(0)]) expect(namesIn(place), name).toEqual([])
      return ran
    }
    const part = (dir: string): string => join(dir, 'pdp-1.00000.cms')
    const flipped = await damage('altered', (dir) => {
      const bytes = readFileSync(part(dir))
      bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1
      writeFileSync(part(dir), bytes)
    })
    expect(flipped).toMatchObject({ status: 65, said: expect.stringContaining('was altered') })
    expect(await damage('cut', (dir) => truncateSync(part(dir), 1_000))).toMatchObject({ status: 65 })
    expect(await damage('missing', (dir) => rmSync(part(dir)))).toMatchObject({
      status: 65,
      said: expect.stringContaining('is missing'),
    })
    expect(await damage('mixed', (dir) => cpSync(part(join(it.place, 'later')), part(dir)))).toMatchObject({
      status: 65,
    })
    const others = { MANDATE_BACKUP_KEYS: join(it.place, 'other-keys') }
    expect(await it.script('make-backup-keys.sh', [], others)).toMatchObject({ status: 0 })
    expect(await damage('key', () => undefined, others)).toMatchObject({ status: 65 })
    expect(await it.restore('later')).toMatchObject({ status: 65, said: expect.stringContaining('has the logs only') })
    expect(await it.restore('later', '--logs', join(it.place, 'whole'))).toMatchObject({ status: 65 })
  })

  test('all is restored: what was granted is permitted, what ended before or after is not, the erased stay erased', {
    timeout: 120_000,
  }, async () => {
    expect(await it.restore('whole', '--logs', join(it.place, 'later'))).toMatchObject({ status: 0 })
    expect(readFileSync(join(it.place, 'secrets', 'pdp_vault_key'), 'utf8')).toBe(it.vaultKey)
    expect(await it.restore('whole')).toMatchObject({ status: 73, said: expect.stringContaining('is not empty') })
    await it.startAll()
    for (const index of [0, 1]) {
      for (const subject of ['A', 'B']) expect(await it.permits(subject, index), subject).toBe(true)
      for (const subject of ['C', 'D', 'M', 'M2', 'S']) expect(await it.permits(subject, index), subject).toBe(false)
      expect([await ownStatus('A', index), await ownStatus('B', index)]).toEqual([200, 401])
    }
    for (const [name, pseudonym] of erased) expect(await pseudonymOf(name)).not.toBe(pseudonym)
    const applied = it.pdp(0).operations.filter((line) => line.includes('"applied"'))
    expect(applied.map((line) => JSON.parse(line).applied)).toMatchObject([{ logins: 1 }])
  })

  test('the restored logs verify against checkpoints from before, and the story goes on', async () => {
    for (const index of [0, 1]) {
      const keys = readFileSync(join(it.dataOf(index), 'log.vkeys'), 'utf8')
      const report = await verifyDirectory({
        directory: join(it.dataOf(index), 'log'),
        keys: await Promise.all(keys.trim().split('\n').map(parseVerifierKey)),
        remembered: checkpoints[index],
      })
      expect(report.findings).toEqual([])
    }
    expect((await it.world.grant({ from: 'A', to: 'C', actions: ['execute'] })).status).toBe(201)
    expect(await it.permits('C', 1)).toBe(true)
  })
})
