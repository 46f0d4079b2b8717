/**
 * The desktop app without its window, for tests on real servers: with an encrypting keystore, a browser that signs in, and a record of every result and
 * event.
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
// biome-ignore lint/suspicious/noExplicitAny: tests read results of every kind, and expect() checks them
type Loose = any

export interface TestKeystore extends Keystore {
  /** Plaintexts of everything encrypted so far. */
  readonly sealed: readonly string[]
}

const IV_BYTES = 12
const TAG_BYTES = 16

/** Keystore with AES-256-GCM and a random key. */
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
  /** Calls the app. @returns The value of the result, which must be a success. */
  readonly must: (name: string, input?: unknown) => Promise<Loose>
  /** Calls the app. @returns The complete result. */
  readonly call: (name: string, input?: unknown) => Promise<Loose>
  /** Events of the app, oldest first. */
  readonly events: readonly { readonly name: string; readonly event: Loose }[]
  /** Every result and event as JSON. */
  readonly said: readonly string[]
  /** The person that signs in next. */
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
      people: [],
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

/** Lists every file below a folder. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
}

/** Desktop apps on one stack, each with a separate folder. */
export interface Desks {
  /** Parent folder of everything that the apps write. */
  readonly folder: string
  readonly person: (name: string) => Credentials
  /** Opens an app without a signed-in person. The caller closes it. */
  readonly open: (options?: Partial<TestAppOptions>) => TestApp
  /** Opens an app without a signed-in person; closed after the test. */
  readonly app: (options?: Partial<TestAppOptions>) => TestApp
  /** Signs a person in. */
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
