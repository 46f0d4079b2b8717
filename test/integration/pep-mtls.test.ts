/**
 * Mutual TLS from hop to hop, by an authority that the script makes: a caller to the agent and to trips, the agent to trips, trips to a real
 * PDP, that to a real OpenFGA, and all of them to whoever signs tokens. Who shows no certificate of that authority is not even heard, whatever token they have.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig as readAgentConfig, runOnOwnSchedule, startAgent } from '@mandate/booking-agent'
import type { Listener } from '@mandate/pep/service'
import { readConfig as readTripsConfig, startTrips } from '@mandate/trips'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { makeCertificates, startTlsFront, type TlsFront } from '../support/tls-front.ts'

const logger = pino({ level: 'silent' })
const folders: string[] = []
let ours: string
let theirs: string
let issuer: TestIssuer
/** Before the issuer, and before OpenFGA. */
let identity: TlsFront
let relations: TlsFront
let pdp: TestPdp
let trips: Listener
let agent: Listener

function authority(...names: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-ca-'))
  folders.push(folder)
  makeCertificates(folder, ...names)
  return folder
}

/** Both directions of one service: what it shows, whom it trusts, and whom it lets in. */
const tlsSettings = (prefix: string, name: string, folder = ours) => ({
  [`${prefix}_TLS_CERT_FILE`]: join(folder, `${name}.pem`),
  [`${prefix}_TLS_KEY_FILE`]: join(folder, `${name}.key`),
  [`${prefix}_TLS_CLIENT_CA_FILE`]: join(folder, 'ca.pem'),
})

/** A stranger's tokens come in the clear: the other endpoints must refuse it. */
const identityUrl = (folder = ours) =>
  folder === ours ? identity.url + new URL(issuer.issuer).pathname : issuer.issuer
const pdpSettings = (folder = ours) => ({
  ...tlsSettings('PDP', 'pdp', folder),
  PDP_TLS_CA_FILE: join(ours, 'ca.pem'),
  PDP_JWKS_URL: `${identityUrl(folder)}/protocol/openid-connect/certs`,
  OPENFGA_URL: relations.url,
})

const tripsConfig = (folder = ours, dataDir = ':memory:') =>
  readTripsConfig({
    TRIPS_PORT: '0',
    TRIPS_ISSUER: issuer.issuer,
    TRIPS_IDENTITY_URL: identityUrl(folder),
    TRIPS_CLIENT_SECRET: 'a secret for tests',
    TRIPS_PDP_URL: pdp.pdp.url,
    TRIPS_DATA_DIR: dataDir,
    TRIPS_TLS_CA_FILE: join(ours, 'ca.pem'),
    ...tlsSettings('TRIPS', 'trips', folder),
  })
const agentConfig = (folder = ours) =>
  readAgentConfig({
    AGENT_PORT: '0',
    AGENT_ISSUER: issuer.issuer,
    AGENT_IDENTITY_URL: identityUrl(folder),
    AGENT_CLIENT_SECRET: 'a secret for tests',
    AGENT_PDP_URL: pdp.pdp.url,
    AGENT_TRIPS_URL: trips.url,
    AGENT_DATA_DIR: ':memory:',
    AGENT_TLS_CA_FILE: join(ours, 'ca.pem'),
    ...tlsSettings('AGENT', 'agent', folder),
  })

beforeAll(async () => {
  ours = authority('pdp', 'trips', 'agent', 'desktop', 'issuer', 'openfga')
  theirs = authority('pdp', 'trips', 'agent', 'desktop')
  issuer = await startIssuer()
  identity = await startTlsFront(issuer.issuer, ours, 'issuer')
  relations = await startTlsFront(inject('openFga').url, ours, 'openfga')
  pdp = await startTestPdp({ openFga: inject('openFga'), issuer, env: pdpSettings() })
  folders.push(mkdtempSync(join(tmpdir(), 'trips-')))
  trips = await startTrips(tripsConfig(ours, folders.at(-1)), logger)
  agent = await startAgent(agentConfig(), logger)
})
afterAll(async () => {
  await agent?.close()
  await trips?.close()
  await pdp?.stop()
  await Promise.all([identity?.stop(), relations?.stop()])
  await issuer?.stop()
  for (const folder of folders) rmSync(folder, { recursive: true })
})

const PERSONA = { 'mandate-persona': 'traveler/family' }

interface Shown {
  readonly method?: string
  readonly aud?: string
  readonly body?: object
  /** The authority of the certificate that is shown. @default none is */
  readonly by?: string
  /** The authority that the far side's is to be of. @default ours */
  readonly trusting?: string
}

/** Calls over TLS with a good token of Carlo's. */
async function call(
  url: string,
  { method = 'GET', aud = 'trips', body, by, trusting = ours }: Shown,
): Promise<{ status: number; body: unknown }> {
  const shown = by === undefined ? {} : { cert: read(by, 'desktop.pem'), key: read(by, 'desktop.key') }
  const token = await issuer.token({ sub: 'carlo', azp: 'desktop', aud })
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...PERSONA }
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, ca: read(trusting, 'ca.pem'), ...shown, agent: false }, (res) => {
      let text = ''
      res.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      res.on('end', () => resolve({ status: res.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) }))
    })
    sent.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body))
  })
}
const read = (folder: string, file: string) => readFileSync(join(folder, file), 'utf8')

test('every hop speaks TLS', () => {
  for (const url of [pdp.pdp.url, trips.url, agent.url]) expect(url).toMatch(/^https:/u)
})

test('a trip is created, registered and read over mutual TLS', async () => {
  await expect(
    call(`${pdp.pdp.url}/v1/personas`, {
      method: 'POST',
      aud: 'pdp',
      body: { title: 'traveler', circle: 'family' },
      by: ours,
    }),
  ).resolves.toMatchObject({ status: 201 })
  const created = await call(`${trips.url}/workflows`, { method: 'POST', body: { template: 'milan' }, by: ours })
  expect(created).toMatchObject({ status: 201, body: { owner: 'user:carlo' } })
  const { id } = created.body as { readonly id: string }
  expect(await call(`${trips.url}/workflows/${id}`, { by: ours })).toMatchObject({ status: 200, body: { id } })
  // The agent reaches trips, and trips the PDP, which says no: nobody granted it anything.
  expect(await runOnOwnSchedule(agentConfig(), id)).toMatchObject({ status: 'denied', denial: { decision: false } })
})

const endpoints = () => ({
  PDP: { url: `${pdp.pdp.url}/v1/personas`, aud: 'pdp' },
  trips: { url: `${trips.url}/templates`, aud: 'trips' },
  agent: { url: `${agent.url}/runs`, aud: 'booking-agent' },
})

test.for(['PDP', 'trips', 'agent'] as const)(
  '%s: no certificate, or one of another authority, is not heard',
  async (name) => {
    const { url, aud } = endpoints()[name]
    expect((await call(url, { aud, by: ours })).status).toBe(200)
    await expect(call(url, { aud })).rejects.toThrow()
    await expect(call(url, { aud, by: theirs })).rejects.toThrow()
  },
)

test('a service with a stranger’s certificate reaches neither PDP nor trips: nothing is permitted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trips-'))
  folders.push(folder)
  const strange = await startTrips(tripsConfig(theirs, folder), logger)
  try {
    const order = { method: 'POST', body: { template: 'milan' }, by: theirs, trusting: theirs }
    const answer = await call(`${strange.url}/workflows`, order)
    expect(answer).toMatchObject({ status: 503, body: { code: 'decision_unavailable' } })
  } finally {
    await strange.close()
  }
  await expect(runOnOwnSchedule(agentConfig(theirs), 'any')).resolves.toMatchObject({ status: 'failed' })
})

test('a PDP with a stranger’s certificate does not start: OpenFGA does not hear it', async () => {
  const start = startTestPdp({ openFga: inject('openFga'), issuer, env: pdpSettings(theirs) })
  await expect(start).rejects.toMatchObject({ code: 'relations_unavailable' })
})
