/**
 * The desktop app without its window, for tests on real servers: a keystore that really seals, a browser that signs in, and a memory of everything that
 * was answered or told.
 *
 * @module
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CoreTimings, createCore } from '@mandate/desktop/core'
import { type Credentials, formBrowser } from '@mandate/keycloak'
import type { Stack } from '@mandate/stack'
import { expect, onTestFinished } from 'vitest'

type CoreOptions = Parameters<typeof createCore>[0]
type Core = ReturnType<typeof createCore>
type Keystore = NonNullable<CoreOptions['host']['keystore']>
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every kind, and expect() checks them
type Loose = any

export interface TestKeystore extends Keystore {
  /** Everything that was ever sealed, in the clear. */
  readonly sealed: readonly string[]
}

const IV_BYTES = 12
const TAG_BYTES = 16

/** AES-256-GCM under a key of its own. */
export function testKeystore(): TestKeystore {
  const key = randomBytes(32)
  const sealed: string[] = []
  return {
    sealed,
    isSafe: async () => true,
    seal: async (text) => {
      sealed.push(text)
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, iv)
      return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
    },
    open: async (bytes) => {
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES))
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
      return decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
    },
  }
}

export interface TestApp {
  readonly core: Core
  /** The value of an answer that must be good. */
  readonly must: (name: string, input?: unknown) => Promise<Loose>
  /** The whole answer. */
  readonly call: (name: string, input?: unknown) => Promise<Loose>
  /** Everything that was told unasked, oldest first. */
  readonly events: readonly { readonly name: string; readonly event: Loose }[]
  /** Every answer and event as JSON. */
  readonly said: readonly string[]
  /** Who sits at it: signs in next. */
  sitsDown: (person: Credentials) => void
}

export interface TestAppOptions {
  readonly stack: Pick<Stack, 'issuer' | 'urls' | 'key'>
  readonly dataDir: string
  readonly keystore?: Keystore | undefined
  readonly timings?: CoreTimings
}

export function testApp({ stack, dataDir, keystore, timings = {} }: TestAppOptions): TestApp {
  let person: Credentials | undefined
  const said: string[] = []
  const events: { name: string; event: Loose }[] = []
  const core = createCore({
    config: {
      issuer: stack.issuer,
      clientId: 'desktop',
      services: { pdp: stack.urls.pdp, trips: stack.urls.trips },
      agents: [{ id: 'booking-agent', title: 'Booking agent', url: stack.urls.agent }],
      logKeys: [readFileSync(stack.key, 'utf8').trim()],
    },
    host: {
      kind: 'browser',
      dataDir,
      keystore,
      openExternal: async (url) => await formBrowser(person ?? expect.unreachable('nobody sits here'))(url),
      chooseFile: async (name) => join(dataDir, name),
    },
    timings,
  })
  core.listen((name, event) => {
    events.push({ name, event })
    said.push(JSON.stringify(event))
  })
  const call = async (name: string, input?: unknown): Promise<Loose> => {
    const answer = await core.call(name, input)
    said.push(JSON.stringify(answer))
    return answer
  }
  return {
    core,
    call,
    events,
    said,
    sitsDown: (one) => {
      person = one
    },
    must: async (name, input) => {
      const answer = await call(name, input)
      if (answer.ok) return answer.value
      return expect.unreachable(`${name}: ${JSON.stringify(answer.problem)}`)
    },
  }
}

/** Every file below a folder. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
}

/** Places to sit down at: apps over one stack, each with a folder of its own. */
export interface Desks {
  /** Everything that the apps write is below it. */
  readonly folder: string
  readonly person: (name: string) => Credentials
  /** An app that nobody is signed in at. Whoever opens it closes it. */
  readonly open: (options?: Partial<TestAppOptions>) => TestApp
  /** The same, closed when the test is over. */
  readonly app: (options?: Partial<TestAppOptions>) => TestApp
  /** Signs somebody in. */
  readonly enter: (app: TestApp, name: string) => Promise<TestApp>
  readonly clear: () => void
}

export function desksAt(stack: Stack): Desks {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-desktop-'))
  let folders = 0
  const person = (name: string): Credentials => stack.people[name] ?? expect.unreachable(name)
  const open: Desks['open'] = (options = {}) => {
    const dataDir = options.dataDir ?? join(folder, String(folders++))
    mkdirSync(dataDir, { recursive: true })
    return testApp({ keystore: testKeystore(), ...options, stack, dataDir })
  }
  return {
    folder,
    person,
    open,
    app: (options) => {
      const app = open(options)
      onTestFinished(() => app.core.close())
      return app
    },
    enter: async (app, name) => {
      app.sitsDown(person(name))
      expect(await app.must('session.signIn')).toMatchObject({ state: 'signed_in', online: true })
      return app
    },
    clear: () => rmSync(folder, { recursive: true, force: true }),
  }
}
