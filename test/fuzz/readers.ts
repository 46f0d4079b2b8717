/**
 * Functions that read what others wrote, as targets: policy packs, parts of a log and its proofs, entries, streams, and the desktop app's calls.
 *
 * @module
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { checkTexts } from '@mandate/cases'
import { PolicyError, parseYaml, readSources } from '@mandate/pdp'
import {
  canonical,
  decodeBundle,
  encodeBundle,
  encodeRecord,
  formatCheckpoint,
  formatLogProof,
  parseCheckpoint,
  parseNote,
  parseTilePath,
  parseVerifierKey,
  readSegment,
  signCheckpoint,
  signerOf,
  verifyCheckpoint,
  verifyLogProof,
} from '@mandate/protocol'
import { serverSentEvents } from '@mandate/service/sse'
import { z } from 'zod'
import { contentObjection } from '../../auditor/src/bundle-check.ts'
import { sha256 } from '../../auditor/src/log-directory.ts'
import { createCore } from '../../desktop/src/main/core.ts'
import { OPERATIONS } from '../../desktop/src/shared/channel.ts'
import { answerCall } from '../../desktop/src/shell/channel.ts'
import type { Random } from '../new-enemy/random.ts'
import { drawJson, drawText, spoilBytes, spoilJson, spoilText } from './draw.ts'
import type { Input, Outcome, Target } from './target.ts'

const POLICIES = new URL('../../pdp/policies/', import.meta.url).pathname

/** A function that must return, or refuse by one of its own kinds of error. */
function reader<T extends Input>(
  name: string,
  weight: number,
  part: {
    readonly draw: (random: Random) => T
    readonly read: (input: T) => unknown
    /** Errors by which it refuses. @default none */
    readonly refusals?: readonly (abstract new (
      ...given: never[]
    ) => Error)[]
  },
): Target {
  const send = async (input: Input): Promise<Outcome> => {
    try {
      const answer = await part.read(input as T)
      return { answer: typeof answer === 'string' ? answer : 'read' }
    } catch (error) {
      if (part.refusals?.some((kind) => error instanceof kind)) return { answer: 'refused' }
      return { answer: 'error', fault: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    }
  }
  return { name, weight, draw: part.draw, send }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'))

/** @param folder - Temporary folder for the desktop app. */
export async function makeReaders(folder: string): Promise<readonly Target[]> {
  return [...(await packTargets()), ...(await logTargets()), ...(await desktopTargets(folder))]
}

async function packTargets(): Promise<readonly Target[]> {
  const sources = await readSources(POLICIES)
  const words = [
    'traveler',
    'grant',
    'user',
    'define',
    'or',
    'from',
    'and',
    'relations',
    '- ',
    ': ',
    '&a ',
    '*a',
    '<<: *a',
    '\t',
    '  ',
    '\n',
  ]
  const files = ['core', 'model', 'manifest'] as const
  const pack = reader('packs', 4, {
    draw: (random) => {
      const index = random.integer(sources.packs.length)
      const file = random.pick(files)
      const text = file === 'core' ? sources.core : sources.packs[index]?.[file]
      return { index, file, text: spoilText(random, String(text ?? ''), words) }
    },
    read: ({ index, file, text }) => {
      const packs = sources.packs.map((one, at) => (at === index && file !== 'core' ? { ...one, [file]: text } : one))
      const spoilt = { core: file === 'core' ? String(text) : sources.core, packs }
      const { problems } = checkTexts(spoilt, () => ({ cases: undefined, facts: undefined }), { cases: 'optional' })
      return problems.length > 0 ? 'refused' : 'read'
    },
  })
  const manifest = String(sources.packs[0]?.manifest ?? '')
  const yaml = reader('YAML', 14, {
    draw: (random) => ({ text: random.next() < 0.1 ? bomb(random) : spoilText(random, manifest, words) }),
    read: ({ text }) => parseYaml('manifest.yaml', String(text), z.unknown()),
    refusals: [PolicyError],
  })
  return [pack, yaml]
}

/** Aliases that double, level by level. */
function bomb(random: Random): string {
  const levels = 3 + random.integer(30)
  return Array.from({ length: levels }, (_, level) =>
    level === 0 ? 'a0: &a0 [x, x]' : `a${level}: &a${level} [*a${level - 1}, *a${level - 1}]`,
  ).join('\n')
}

async function logTargets(): Promise<readonly Target[]> {
  const signer = await signerOf('fuzz.invalid/log', new Uint8Array(32).fill(7))
  const keys = [signer.verifierKey]
  const entry = {
    v: 1,
    id: '01M80CZPPY6WMS0E43MEQYPQRK',
    at: '2026-11-22T01:12:31.711Z',
    kind: 'evaluation',
    subject: 'user:p_x',
    decision: true,
    reasons: [{ code: 'owner' }],
  }
  const text = canonical(entry)
  const entries = Array.from({ length: 5 }, () => new TextEncoder().encode(text))
  const root = new Uint8Array(32).fill(3)
  const checkpoint = await signCheckpoint({ origin: 'fuzz.invalid/log', size: 5, root, extensions: [] }, signer)
  const proof = formatLogProof({ index: 2, hashes: [root, root, root], checkpoint })
  const segment = encodeRecord(sha256, 0, entries)
  const asyncSha256 = async (bytes: Uint8Array): Promise<Uint8Array> => sha256(bytes)
  const textual = (what: string): { draw: (random: Random) => { readonly text: string } } => ({
    draw: (random) => ({
      text: spoilText(random, what, ['— ', '\n', '\n\n', 'fuzz.invalid/log', 'index ', '999999999999']),
    }),
  })
  const binary = (what: Uint8Array): { draw: (random: Random) => { readonly bytes: string } } => ({
    draw: (random) => ({ bytes: base64(spoilBytes(random, what)) }),
  })
  return [
    reader('log proofs', 6, {
      ...textual(proof),
      read: async ({ text: spoilt }) => {
        const verdict = await verifyLogProof(asyncSha256, { proof: spoilt, entry: entries[2] ?? root, keys })
        return verdict.ok ? 'ok' : 'refused'
      },
    }),
    reader('checkpoints', 5, {
      ...textual(checkpoint),
      read: async ({ text: spoilt }) => ((await verifyCheckpoint(spoilt, keys)).ok ? 'ok' : 'refused'),
    }),
    reader('notes', 3, {
      ...textual(checkpoint),
      read: ({ text: spoilt }) => void parseNote(spoilt),
      refusals: [SyntaxError],
    }),
    reader('checkpoint texts', 2, {
      ...textual(formatCheckpoint({ origin: 'fuzz.invalid/log', size: 5, root, extensions: [] })),
      read: ({ text: spoilt }) => void parseCheckpoint(spoilt),
      refusals: [SyntaxError],
    }),
    reader('verifier keys', 2, {
      ...textual('fuzz.invalid/log+0a1b2c3d+AQcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH'),
      read: ({ text: spoilt }) => parseVerifierKey(spoilt),
      refusals: [SyntaxError, RangeError, TypeError],
    }),
    reader('tile paths', 1, {
      ...textual('tile/0/x001/x234/067.p/12'),
      read: ({ text: spoilt }) => void parseTilePath(spoilt),
    }),
    reader('bundles', 4, {
      ...binary(encodeBundle(entries)),
      read: ({ bytes }) => void decodeBundle(bytesOf(bytes)),
      refusals: [SyntaxError, RangeError],
    }),
    reader('journals', 4, { ...binary(segment), read: ({ bytes }) => void readSegment(sha256, bytesOf(bytes)) }),
    reader('entries', 6, {
      draw: (random) => ({
        text: random.next() < 0.5 ? spoilText(random, text) : (JSON.stringify(spoilJson(random, entry, [])) ?? ''),
      }),
      read: ({ text: spoilt }) => (contentObjection(spoilt) === undefined ? 'ok' : 'refused'),
    }),
    reader('event streams', 3, {
      draw: (random) => ({
        text: spoilText(random, 'id: 1\nevent: grants\ndata: {"a":1}\n\n: note\nretry: 5\n\n', [
          '\r',
          '\r\n',
          '\n\n',
          'data: ',
          '\u0000',
        ]),
      }),
      read: async ({ text: spoilt }) => {
        for await (const _event of serverSentEvents([new TextEncoder().encode(spoilt)]));
      },
    }),
  ]
}

/** Calls of the window, as they arrive over IPC, at an app that nobody has signed in to. */
async function desktopTargets(folder: string): Promise<readonly Target[]> {
  const dataDir = join(folder, 'desktop')
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const nowhere = 'http://127.0.0.1:9'
  const core = createCore({
    config: {
      issuer: `${nowhere}/realms/mandate`,
      clientId: 'desktop',
      services: { pdp: nowhere, trips: nowhere },
      agents: [],
      people: [],
      logKeys: [],
    },
    host: {
      kind: 'browser',
      dataDir,
      keystore: undefined,
      openExternal: async () => undefined,
      chooseFile: async () => undefined,
    },
    timings: { callMs: 500, signInMs: 100 },
  })
  // They reach outside: a browser, a file, the issuer.
  const names = Object.keys(OPERATIONS).filter((name) => !/signIn|app\.open/u.test(name))
  return [
    reader('desktop calls', 6, {
      draw: (random) => {
        const message = {
          name: random.pick(names),
          input: drawJson(random, ['ada', 'user:ada', 'id', 'milan', 'workflow:x', 'traveler/family', 'price']),
        }
        return {
          message:
            random.next() < 0.3 ? spoilJson(random, message, ['name', 'input', drawText(random, names)]) : message,
        }
      },
      read: async ({ message }) => {
        const answer = await answerCall(core, message)
        return answer.ok ? 'ok' : 'refused'
      },
    }),
  ]
}
