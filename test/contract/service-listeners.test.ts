/**
 * The promises of the listener, for every HTTP service of ours as it is really started. Another service only has to be named in the table.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestIssuer, type TestIssuer } from '@mandate/pep/testing'
import { formatVerifierKey, signerOf } from '@mandate/protocol'
import { type Listener, type ListenerBounds, once } from '@mandate/service'
import { pino } from 'pino'
import { afterAll, beforeAll, inject } from 'vitest'
import { readConfig as readAuditorConfig } from '../../auditor/src/server/config.ts'
import { startAuditor } from '../../auditor/src/server/start.ts'
import { startWitness } from '../../auditor/src/witness/command.ts'
import { MAX_BODY_BYTES as WITNESS_BODY_BYTES } from '../../auditor/src/witness/server.ts'
import * as agent from '../../examples/booking-agent/src/index.ts'
import * as care from '../../examples/care/src/index.ts'
import * as trips from '../../examples/trips/src/index.ts'
import { type HeldRequest, type ServiceRow, testListener } from '../../service/src/listener.harness.ts'
import { startTestPdp, TRIPS } from '../fixtures/pdp.ts'

const logger = pino({ level: 'silent' })
/** Nothing listens there: services start without a PDP. */
const NOWHERE = 'http://127.0.0.1:9'
const KIB = 1_024
let issuer: TestIssuer
let folder: string

beforeAll(async () => {
  issuer = await startTestIssuer()
  folder = mkdtempSync(join(tmpdir(), 'mandate-listeners-'))
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>A page</title>')
})
afterAll(async () => {
  await issuer.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A JSON body that arrives in two parts. */
const halfSent = (path: string, headers: Readonly<Record<string, string>> = {}): HeldRequest => ({
  head: [
    `POST ${path} HTTP/1.1`,
    'Content-Type: application/json',
    'Content-Length: 2',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
  ].join('\r\n'),
  sent: '{',
  finish: (client) => client.write('}'),
})

interface Example<C> {
  readonly readConfig: (env: Readonly<Record<string, string>>) => C
  readonly start: (config: C, log: typeof logger, bounds: ListenerBounds) => Promise<Listener>
  readonly audience: string
  /** Beside those that all examples have. */
  readonly env?: Readonly<Record<string, string>>
}

/** A service of the examples: reads a body of 16 KiB behind its authentication. */
const example = <C>(prefix: string, { readConfig, start, audience, env = {} }: Example<C>): ServiceRow => ({
  name: audience,
  start: async (bounds) => {
    const config = readConfig({
      [`${prefix}_PORT`]: '0',
      [`${prefix}_ISSUER`]: issuer.issuer,
      [`${prefix}_CLIENT_SECRET`]: 'a secret for tests',
      [`${prefix}_PDP_URL`]: NOWHERE,
      [`${prefix}_DATA_DIR`]: ':memory:',
      ...env,
    })
    const authorization = `Bearer ${await issuer.sign({ aud: audience })}`
    return {
      ...(await start(config, logger, bounds)),
      maxBodyBytes: 16 * KIB,
      hold: async () => halfSent('/nowhere', { authorization }),
    }
  },
})

const pdp: ServiceRow = {
  name: 'pdp',
  start: async (listener) => {
    const running = await startTestPdp({ openFga: inject('openFga'), listener })
    const authorization = `Bearer ${await running.issuer.token(TRIPS)}`
    return {
      url: running.pdp.url,
      close: once(running.stop),
      maxBodyBytes: 64 * KIB,
      hold: async () => halfSent('/access/v1/evaluation', { authorization }),
    }
  },
}

/** It reads no body: held is a look at the identity provider, which does not answer. */
const auditor: ServiceRow = {
  name: 'auditor',
  start: async (bounds) => {
    const provider = await startTestIssuer()
    const waiting: ServerResponse[] = []
    provider.breakWith((res) => waiting.push(res))
    const config = readAuditorConfig({
      AUDITOR_PORT: '0',
      AUDITOR_PUBLIC_URL: NOWHERE,
      AUDITOR_ISSUER: provider.issuer,
      AUDITOR_CLIENT_SECRET: 'a secret for tests',
      AUDITOR_PDP_URL: NOWHERE,
      AUDITOR_PAGE_DIR: folder,
    })
    const { url, close } = await startAuditor(config, logger, bounds)
    return {
      url,
      close: once(() => close().finally(provider.close)),
      hold: async () => ({
        head: 'GET /readyz HTTP/1.1\r\n',
        sent: '',
        finish: () => {
          provider.breakWith((res) => res.writeHead(500).end())
          for (const res of waiting.splice(0)) res.writeHead(500).end()
        },
      }),
    }
  },
}

const witness: ServiceRow = {
  name: 'witness',
  start: async (bounds) => {
    const state = mkdtempSync(join(folder, 'witness-'))
    const { verifierKey } = await signerOf('log.invalid', randomBytes(32))
    const command = {
      listen: '127.0.0.1:0',
      state,
      name: 'witness.invalid',
      logs: [`log.invalid=${formatVerifierKey(verifierKey)}`],
    }
    const { url, close } = await startWitness(command, () => undefined, bounds)
    return {
      url,
      close,
      maxBodyBytes: WITNESS_BODY_BYTES,
      hold: async () => halfSent('/add-checkpoint'),
    }
  },
}

const SERVICES: readonly ServiceRow[] = [
  pdp,
  example('TRIPS', { ...trips, start: trips.startTrips, audience: 'trips' }),
  example('CARE', { ...care, start: care.startCare, audience: 'care' }),
  example('AGENT', { ...agent, start: agent.startAgent, audience: 'booking-agent', env: { AGENT_TRIPS_URL: NOWHERE } }),
  auditor,
  witness,
]
for (const service of SERVICES) testListener(service)
