/**
 * Witnesses (C2SP tlog-witness, tlog-cosignature): ours cosigns what only grows and refuses everything else as the specification has it; the log asks
 * several, puts what they give into its checkpoint, and goes on without those that fail. Go reads the cosignatures.
 */
import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  formatAddCheckpoint,
  formatVerifierKey,
  parseNote,
  parseWitnessKey,
  rootOf,
  signCheckpoint,
  verifyCheckpoint,
  verifyCosignatures,
} from '@mandate/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { verifyDirectory } from '../../auditor/src/verify.ts'
import { type RunningWitness, startWitness } from '../../auditor/src/witness/command.ts'
import { sha256 } from '../../pdp/src/log/hash.ts'
import { createOutside } from '../../pdp/src/log/outside.ts'
import { anEntry, aPlace, lines, ORIGIN, type Place, placeAt, someEntries } from './log-kit.ts'

interface TestWitness extends RunningWitness {
  readonly state: string
  readonly said: readonly string[]
}

/** @param again - Where an earlier one kept its state and listened. */
async function aWitness(
  place: Place,
  name = 'witness.example/w1',
  again?: { readonly state: string; readonly listen?: string },
): Promise<TestWitness> {
  const directory = again?.state ?? (await mkdtemp(join(tmpdir(), 'mandate-witness-')))
  const said: string[] = []
  const logs = [`${ORIGIN}=${formatVerifierKey(place.signer.verifierKey)}`]
  const running = await startWitness({ listen: again?.listen ?? '127.0.0.1:0', logs, state: directory, name }, (line) =>
    said.push(line),
  )
  onTestFinished(async () => {
    await running.close().catch(() => undefined)
    await rm(directory, { recursive: true, force: true })
  })
  return { ...running, state: directory, said }
}

/** A log that asks these witnesses. @param pauseMs - How long one that failed is left alone at first. */
async function aWitnessedLog(
  place: Place,
  urls: readonly { readonly url: string; readonly vkey: string }[],
  pauseMs?: number,
) {
  const faults: string[] = []
  const outside = createOutside({
    witnesses: await Promise.all(urls.map(async ({ url, vkey }) => ({ url, key: await parseWitnessKey(vkey) }))),
    privateHosts: urls.map(({ url }) => new URL(url).host),
    ...(pauseMs === undefined ? {} : { pauseMs }),
    onFault: (error) => faults.push(String(error)),
  })
  onTestFinished(outside.close)
  const log = await place.open({ ...outside, checkpointEveryMs: 20 })
  return { log, faults }
}

async function cosignersOf(checkpoint: string | undefined, ...witnesses: readonly RunningWitness[]): Promise<string[]> {
  const keys = await Promise.all(witnesses.map(({ vkey }) => parseWitnessKey(vkey)))
  const verdict = await verifyCosignatures(parseNote(checkpoint ?? ''), keys)
  if (!verdict.ok) throw new Error(verdict.objection)
  return verdict.cosigned.map(({ key }) => key.name)
}

const post = async (witness: RunningWitness, body: string) => {
  const answer = await fetch(`${witness.url}/add-checkpoint`, { method: 'POST', body })
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() }
}

describe('a log', () => {
  test('has every checkpoint cosigned by all who answer, and verify demands as many as it is told', async () => {
    const place = await aPlace()
    const [one, other] = [await aWitness(place), await aWitness(place, 'witness.example/w2')]
    const { log, faults } = await aWitnessedLog(place, [one, other])
    for (const [first, count] of [
      [0, 1],
      [1, 300],
      [301, 700],
    ] as const) {
      await log.append(someEntries(first, count))
      await log.prove(first + count - 1)
      expect(await cosignersOf(await log.checkpoint(), one, other)).toEqual([
        'witness.example/w1',
        'witness.example/w2',
      ])
    }
    await log.close()
    expect(faults).toEqual([])
    const witnesses = await Promise.all([one, other].map(({ vkey }) => parseWitnessKey(vkey)))
    const verified = { directory: place.dir, keys: [place.signer.verifierKey], witnesses }
    expect(await verifyDirectory({ ...verified })).toMatchObject({ findings: [], witnessed: [{}, {}] })
    const third = await parseWitnessKey((await aWitness(place, 'witness.example/w3')).vkey)
    expect(await verifyDirectory({ ...verified, witnesses: [...witnesses, third], quorum: 2 })).toMatchObject({
      findings: [],
    })
    expect(lines(await verifyDirectory({ ...verified, witnesses: [...witnesses, third] }))).toEqual([
      '- - 2 of 3 known witnesses cosigned the checkpoint; 3 must have',
    ])
  })

  test('is answered and published while a witness is down, hangs, lies or is misled, and says so once', async () => {
    const place = await aPlace()
    const good = await aWitness(place)
    const dead = await aWitness(place, 'witness.example/dead')
    await dead.close()
    const server = createServer((req, res) => {
      if (req.url?.startsWith('/lying')) res.end('— witness.example/lying AAAAAAAAAAAAAAAA\n')
    }).listen(0, '127.0.0.1')
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    await new Promise((resolve) => server.once('listening', resolve))
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const hanging = { url: `${base}/hanging`, vkey: dead.vkey }
    const lying = { url: `${base}/lying`, vkey: dead.vkey }
    const { log, faults } = await aWitnessedLog(place, [dead, hanging, lying, good])
    for (let number = 0; number < 20; number += 1) {
      await log.append([anEntry(number)])
      await log.prove(number)
    }
    expect(await cosignersOf(await log.checkpoint(), good)).toEqual(['witness.example/w1'])
    expect(faults).toHaveLength(3)
    await log.close()
    expect(lines(await place.verify())).toEqual([])
  })

  test('that starts anew learns how far a witness is, and goes on', async () => {
    const place = await aPlace()
    const witness = await aWitness(place)
    for (let number = 0; number < 3; number += 1) {
      const { log, faults } = await aWitnessedLog(place, [witness])
      await log.append([anEntry(number)])
      await log.close()
      expect(faults).toEqual([])
      expect(await cosignersOf(await readFile(join(place.dir, 'checkpoint'), 'utf8'), witness)).toHaveLength(1)
    }
  })

  test('that is quiet shows its checkpoint to a witness that was away, once it is back', async () => {
    const place = await aPlace()
    const always = await aWitness(place)
    const gone = await aWitness(place, 'witness.example/w2')
    const { log } = await aWitnessedLog(place, [always, gone], 20)
    await log.append(someEntries(0, 3))
    await log.prove(2)
    await gone.close()
    await log.append(someEntries(3, 4))
    await log.prove(6)
    expect(await cosignersOf(await log.checkpoint(), always, gone)).toEqual(['witness.example/w1'])
    const back = await aWitness(place, 'witness.example/w2', { state: gone.state, listen: new URL(gone.url).host })
    await expect
      .poll(async () => cosignersOf(await log.checkpoint(), always, back))
      .toEqual(['witness.example/w1', 'witness.example/w2'])
    const written = await readFile(join(place.dir, 'checkpoint'), 'utf8')
    expect(written).toBe(await log.checkpoint())
    await log.close()
    expect(lines(await place.verify())).toEqual([])
  })

  test('that starts quiet shows its checkpoint to a witness that was away before, and loses no cosignature', async () => {
    const place = await aPlace()
    const always = await aWitness(place)
    const gone = await aWitness(place, 'witness.example/w2')
    await gone.close()
    const first = await aWitnessedLog(place, [always, gone])
    await first.log.append(someEntries(0, 3))
    await first.log.close()
    await always.close()
    const back = await aWitness(place, 'witness.example/w2', { state: gone.state, listen: new URL(gone.url).host })
    const { log } = await aWitnessedLog(place, [always, back], 20)
    await expect
      .poll(async () => cosignersOf(await log.checkpoint(), always, back))
      .toEqual(['witness.example/w1', 'witness.example/w2'])
    await log.close()
    expect(lines(await place.verify())).toEqual([])
  })

  test('that was put back and goes on otherwise is cosigned no more', async () => {
    const place = await aPlace()
    const witness = await aWitness(place)
    const first = await aWitnessedLog(place, [witness])
    await first.log.append(someEntries(0, 5))
    await first.log.close()
    const fork = placeAt(`${place.dir}-fork`, place.signer)
    const second = await aWitnessedLog(fork, [witness])
    await second.log.append(someEntries(100, 9))
    await second.log.close()
    expect(await cosignersOf(await readFile(join(fork.dir, 'checkpoint'), 'utf8'), witness)).toEqual([])
    expect(second.faults.join()).toContain('did not cosign')
  })
})

describe('our witness', () => {
  const root = (size: number): Uint8Array =>
    rootOf(
      sha256,
      Array.from({ length: size }, (_, at) => sha256(Uint8Array.of(at))),
    )
  const leaf = (at: number): Uint8Array => sha256(Uint8Array.of(at))
  const checkpointOf = (place: Place, size: number, other = root(size)): Promise<string> =>
    signCheckpoint({ origin: ORIGIN, size, root: other, extensions: [] }, place.signer)
  const request = (oldSize: number, proof: readonly Uint8Array[], checkpoint: string) =>
    formatAddCheckpoint({ oldSize, proof, checkpoint })

  test('takes what goes on from the last, and refuses the rest by status, in the order of the specification', async () => {
    const place = await aPlace()
    const stranger = await aPlace()
    const witness = await aWitness(place)
    const [one, two] = [await checkpointOf(place, 1), await checkpointOf(place, 2)]
    const told = async (body: string) => {
      const { status, type, text } = await post(witness, body)
      return status === 409 ? [status, type, text] : [status]
    }
    const size = (known: number) => [409, 'text/x.tlog.size', `${known}\n`]
    expect(await told('old 0\n\nnonsense')).toEqual([400])
    expect(await told(request(0, [], one.replaceAll(ORIGIN, 'other.example')))).toEqual([404])
    expect(await told(request(0, [], await checkpointOf(stranger, 1)))).toEqual([403])
    expect(await told(request(0, [], one.replace(/.{6}\n$/u, 'AAAA==\n')))).toEqual([403])
    expect(await told(request(2, [], one))).toEqual([400])
    expect(await told(request(1, [], two))).toEqual(size(0))
    expect(await told(request(0, [leaf(0)], one))).toEqual([422])
    expect(await told(request(0, [], await checkpointOf(place, 0, root(1))))).toEqual([422])
    expect(await told(request(0, [], one))).toEqual([200])
    expect(await told(request(0, [], two))).toEqual(size(1))
    expect(await told(request(1, [leaf(2)], two))).toEqual([422])
    expect(await told(request(1, [leaf(1)], two))).toEqual([200])
    expect(await told(request(2, [], two))).toEqual([200])
    expect(await told(request(1, [], one))).toEqual(size(2))
    expect(await told(request(2, [], await checkpointOf(place, 2, root(3))))).toEqual([422])
    expect(witness.said.join('\n')).toMatch(/signed 1 entries after 2.*signed two trees of 2 entries/su)
  })

  test('remembers over a restart, and shows monitors the note that both signed', async () => {
    const place = await aPlace()
    const witness = await aWitness(place)
    const two = await checkpointOf(place, 2)
    await post(witness, request(0, [], two))
    await witness.close()
    const again = await aWitness(place, 'ignored', { state: witness.state })
    expect(again.vkey).toBe(witness.vkey)
    expect((await post(again, request(0, [], two))).text).toBe('2\n')
    const path = `${again.url}/${hash('sha256', ORIGIN, 'hex')}/checkpoint`
    const note = await (await fetch(path)).text()
    expect((await verifyCheckpoint(note, [place.signer.verifierKey])).ok).toBe(true)
    expect(await cosignersOf(note, again)).toHaveLength(1)
    expect((await fetch(path.replace(/.checkpoint$/u, ''))).status).toBe(404)
    expect((await fetch(`${again.url}/add-checkpoint`)).status).toBe(405)
    expect((await post(again, 'x'.repeat(70_000))).status).toBe(413)
  })

  test('answers many at once as if one after the other: nothing is rolled back', async () => {
    const place = await aPlace()
    const witness = await aWitness(place)
    const notes = await Promise.all([1, 2, 3, 4].map((size) => checkpointOf(place, size)))
    const answers = await Promise.all(notes.map((note) => post(witness, request(0, [], note))))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(3)
  })

  test('gives cosignatures that Go verifies', { timeout: 120_000 }, async () => {
    const place = await aPlace()
    const witness = await aWitness(place)
    const { log } = await aWitnessedLog(place, [witness])
    await log.append([anEntry(0)])
    await log.close()
    const note = await readFile(join(place.dir, 'checkpoint'), 'utf8')
    const cwd = join(import.meta.dirname, '../fixtures/tlog-follow')
    const args = ['run', '.', 'note', formatVerifierKey(place.signer.verifierKey), witness.vkey]
    expect(String(execFileSync('go', args, { cwd, input: note }))).toBe(`ok ${ORIGIN} witness.example/w1\n`)
  })
})
