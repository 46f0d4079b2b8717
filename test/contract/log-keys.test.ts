/**
 * The log's signing keys rotate with overlap (rule L11): whoever trusts either key verifies while both sign, the old one verifies what it
 * signed for ever, and a crash between any two steps leaves keys that the log opens with.
 */
import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { formatVerifierKey, type VerifierKey, verifyCheckpoint } from '@mandate/protocol'
import { describe, expect, test } from 'vitest'
import { verifyDirectory } from '../../auditor/src/verify.ts'
import { runLogCommand } from '../../pdp/src/cli/log-command.ts'
import { type Files, nodeFiles } from '../../pdp/src/log/files.ts'
import { changedKeys, loadSigner, retireKey, rotateKey } from '../../pdp/src/log/signer.ts'
import { anEntry, aPlace, lines, ORIGIN, type Place, placeAt } from './log-kit.ts'

const files = nodeFiles()
const load = (place: Place) => loadSigner(files, place.keys, ORIGIN)
const checkpointOf = (place: Place): Promise<string> => readFile(join(place.dir, 'checkpoint'), 'utf8')

/** Opens the log with the keys that there are now, and writes an entry. Gives the checkpoint. */
async function grow(place: Place, number: number): Promise<string> {
  const log = await placeAt(place.dir, await load(place)).open()
  await log.append([anEntry(number)])
  await log.close()
  return checkpointOf(place)
}

const verifiesWith = async (checkpoint: string, ...keys: readonly VerifierKey[]): Promise<boolean> =>
  (await verifyCheckpoint(checkpoint, keys)).ok

test('from the first checkpoint to one by the new key alone, everything verifies with the keys of its time', async () => {
  const place = await aPlace()
  const old = (await load(place)).verifierKey
  const first = await grow(place, 0)
  const { newest, other } = await rotateKey(files, place.keys)
  const renewed = (await load(place)).verifierKey
  expect([newest, other]).toEqual([formatVerifierKey(renewed), formatVerifierKey(old)])
  const both = await grow(place, 1)
  await retireKey(files, place.keys, both)
  const last = await grow(place, 2)
  const table = await Promise.all(
    [first, both, last].map(async (note) => [await verifiesWith(note, old), await verifiesWith(note, renewed)]),
  )
  expect(table).toEqual([
    [true, false],
    [true, true],
    [false, true],
  ])
  const report = await verifyDirectory({ directory: place.dir, keys: [renewed, old], remembered: first })
  expect([lines(report), report.size]).toEqual([[], 3])
  expect(await readFile(join(place.keys, 'log.vkeys'), 'utf8')).toBe(`${newest}\n${other}\n`)
  expect((await stat(join(place.keys, 'log.key'))).mode & 0o777).toBe(0o600)
})

test('a change of keys is to be told, once: by what the newest checkpoint was signed with', async () => {
  const place = await aPlace()
  const first = await grow(place, 0)
  expect(changedKeys(undefined, await load(place))).toBeUndefined()
  expect(changedKeys(first, await load(place))).toBeUndefined()
  await rotateKey(files, place.keys)
  expect(changedKeys(first, await load(place))).toHaveLength(2)
  const both = await grow(place, 1)
  expect(changedKeys(both, await load(place))).toBeUndefined()
  await retireKey(files, place.keys, both)
  expect(changedKeys(both, await load(place))).toHaveLength(1)
})

describe('is refused', () => {
  test('to rotate while keys overlap, and to retire the only one', async () => {
    const place = await aPlace()
    await expect(retireKey(files, place.keys, await grow(place, 0))).rejects.toThrow(/only one key/u)
    await rotateKey(files, place.keys)
    await expect(rotateKey(files, place.keys)).rejects.toThrow(/overlap already/u)
  })

  test('to retire before the new key has signed: the log would not open', async () => {
    const place = await aPlace()
    const first = await grow(place, 0)
    await rotateKey(files, place.keys)
    await expect(retireKey(files, place.keys, first)).rejects.toThrow(/has not signed/u)
    await expect(retireKey(files, place.keys, undefined)).rejects.toThrow(/has not signed/u)
  })
})

/** A file layer whose process dies at its nth change: that one, or what follows it, does not happen. */
function dying(at: number, isAfter: boolean): Files {
  let changes = 0
  const change = async (work: () => Promise<void>): Promise<void> => {
    changes += 1
    if (changes > at || (changes === at && !isAfter)) throw new Error('killed')
    await work()
    if (changes === at) throw new Error('killed')
  }
  return {
    ...files,
    replace: (path, bytes, temporary) => change(() => files.replace(path, bytes, temporary)),
    syncDirectory: (path) => change(() => files.syncDirectory(path)),
  }
}

describe.for(['rotate', 'retire'] as const)('a crash while keys %s', (step) => {
  test.for([1, 2, 3, 4, 5, 6].flatMap((at) => [[at, false] as const, [at, true] as const]))(
    'at change %i (after it: %s) leaves keys that open the log, and the step can be repeated',
    async ([at, isAfter]) => {
      const place = await aPlace()
      const first = await grow(place, 0)
      if (step === 'retire') await rotateKey(files, place.keys)
      const before = step === 'retire' ? await grow(place, 1) : first
      const run = (layer: Files) =>
        step === 'rotate' ? rotateKey(layer, place.keys) : retireKey(layer, place.keys, before)
      await run(dying(at, isAfter)).catch((error: unknown) => expect(String(error)).toContain('killed'))
      const found = await load(place)
      const known = await readFile(join(place.keys, 'log.vkeys'), 'utf8')
      for (const { verifierKey } of [found, ...(found.older ?? [])])
        expect(known).toContain(formatVerifierKey(verifierKey))
      expect(await grow(place, 2)).toContain(ORIGIN)
      if ((found.older ?? []).length !== (step === 'rotate' ? 1 : 0)) await run(files)
      expect((await load(place)).older).toHaveLength(step === 'rotate' ? 1 : 0)
      expect((await grow(place, 3)).split('\n— ')).toHaveLength(step === 'rotate' ? 3 : 2)
    },
  )
})

test('the command says what was done, and refuses in words', async () => {
  const place = await aPlace()
  const data = dirname(place.dir)
  const out: string[] = []
  const err: string[] = []
  const io = {
    out: (text: string) => void out.push(text),
    err: (text: string) => void err.push(text),
    environment: {},
  }
  await loadSigner(files, data, ORIGIN)
  expect(await runLogCommand(['rotate-key', '--data', data], io)).toBe(0)
  expect(out.join('')).toMatch(/^new key +pdp\.example\/log\+[0-9a-f]{8}\+.*\nstill signing/u)
  expect(await runLogCommand(['retire-key', '--data', data], io)).toBe(65)
  expect(err.join('')).toContain('has not signed a checkpoint yet')
  expect(out.join('')).not.toContain('PRIVATE')
})

test.for<readonly [string, readonly string[], Readonly<Record<string, string>>, string]>([
  ['no command', [], {}, 'Name a command.'],
  ['a command that there is not', ['rotate', '--data', 'd'], {}, 'There is no command rotate.'],
  ['an earlier name of a command', ['seal', '--data', 'd'], {}, '--archive: must be the directory of the archive'],
  ['no folder', ['rotate-key'], {}, "--data: must be the PDP's data directory"],
  ['an argument too many', ['fsck', 'now', '--data', 'd'], {}, 'fsck takes no further argument: now'],
  ['an option that there is not', ['fsck', '--frob'], {}, "Unknown option '--frob'"],
  ['two data directories', ['fsck', '--data', 'a', '--data', 'b'], {}, '--data may be given once'],
  ['TLS that believes everybody', ['fsck', '--data', 'd'], { NODE_TLS_REJECT_UNAUTHORIZED: '0' }, 'NODE_TLS_REJECT_'],
])('wrong usage of npm run log is named: %s', async ([, argv, environment, message]) => {
  const said: string[] = []
  const say = (text: string) => void said.push(text)
  expect(await runLogCommand(argv, { out: say, err: say, environment })).toBe(64)
  expect(said.join('')).toContain(message)
})
