/**
 * Starts a PDP in this process that cases can be played on: with one pack, the embedded engine unless told otherwise, and data in a temporary folder.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Manifest, type Pdp, type PolicySources, parseConfig, startPdp } from '@mandate/pdp'
import { once } from '@mandate/service'
import { type Logger, pino } from 'pino'
import type { PlayIssuer } from './issuer.ts'
import { type PlayedAnswer, type PlayedPdp, SERVICE_CLIENT, typesOf } from './played-pdp.ts'

/** Enough requests at once that no step and no question is refused by a limit of rates. */
const MANY = '100000'

/** Options of {@link startPlayed}. */
export interface PlayedOptions {
  readonly issuer: PlayIssuer
  /** Manifests of the packs: their resource types belong to the service that the player acts for. */
  readonly manifests: readonly Manifest[]
  /** Reads the policies, in place of the folders that the settings name. */
  readonly readPolicies?: () => Promise<PolicySources>
  /** Further settings of the PDP (`.env.example`), such as `PDP_PACKS`, `PDP_PORT` or those of the engine. */
  readonly settings?: Readonly<Record<string, string>>
  /** `frozen`: the PDP's time stands still but for `advance`, so that instants can be compared exactly. @default the machine's */
  readonly clock?: 'machine' | 'frozen'
  /** `silent`: no operations log. @default warnings and errors on standard error */
  readonly logger?: Logger | 'silent'
}

/** A PDP that cases can be played on. */
export interface RunningPlayed extends PlayedPdp {
  readonly pdp: Pdp
  /** How far the PDP's clock was advanced, in milliseconds. */
  readonly advanced: () => number
  /** Stops the PDP and deletes its data. */
  close(): Promise<void>
}

/** Starts a PDP. @throws PolicyError or ConfigError for what the PDP refuses; nothing is left open then. */
export async function startPlayed(options: PlayedOptions): Promise<RunningPlayed> {
  const { issuer, readPolicies, clock = 'machine' } = options
  const dataDir = mkdtempSync(join(tmpdir(), 'mandate-play-'))
  const removeData = (): void => rmSync(dataDir, { recursive: true, force: true })
  try {
    let ahead = 0
    // A whole second, so that an expiry written without milliseconds equals the clock.
    const begun = Math.ceil(Date.now() / 1000) * 1000
    const now = (): number => (clock === 'frozen' ? begun : Date.now()) + ahead
    const elapsed = (): number => (clock === 'frozen' ? begun : performance.now()) + ahead
    const { config } = parseConfig(settingsOf(options, dataDir), () => '')
    const pdp = await startPdp(config, loggerOf(options.logger), {
      machine: { now, elapsed, asleep: () => 0 },
      ...(readPolicies ? { readPolicies } : {}),
    })
    return {
      pdp,
      call: (method, path, as, body) => call(`${pdp.url}${path}`, method, issuer.token(as), body),
      now,
      advance: (ms) => {
        ahead += ms
      },
      advanced: () => ahead,
      close: once(() => pdp.close().finally(removeData)),
    }
  } catch (error) {
    removeData()
    throw error
  }
}

const loggerOf = (logger: PlayedOptions['logger']): Logger =>
  logger === 'silent' ? pino({ level: 'silent' }) : (logger ?? pino({ level: 'warn' }, pino.destination(2)))

function settingsOf({ issuer, manifests, settings }: PlayedOptions, dataDir: string): Readonly<Record<string, string>> {
  const types = manifests.flatMap(typesOf)
  return {
    PDP_PORT: '0',
    PDP_ISSUER: issuer.url,
    PDP_JWKS_URL: issuer.jwksUrl,
    PDP_DATA_DIR: dataDir,
    PDP_LOG_ORIGIN: 'play.invalid/log',
    PDP_SERVICES: types.length === 0 ? '' : `${SERVICE_CLIENT}=${types.join('+')}`,
    PDP_PERSON_PER_MINUTE: MANY,
    PDP_PERSON_BURST: MANY,
    PDP_SERVICE_PER_SECOND: MANY,
    PDP_ADDRESS_PER_SECOND: MANY,
    ENGINE: 'embedded',
    ...settings,
  }
}

async function call(url: string, method: string, token: Promise<string>, body: unknown): Promise<PlayedAnswer> {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${await token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = /json\b/u.test(response.headers.get('content-type') ?? '') && text !== ''
  return { status: response.status, body: isJson ? JSON.parse(text) : undefined, text }
}
