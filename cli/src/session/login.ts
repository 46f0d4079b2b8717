/**
 * `mandate login`: by the system browser and a loopback redirect (RFC 8252), or by a code on another device (RFC 8628).
 *
 * @module
 */
import { createIdentity, endSession, keyOf, newKey, signInWithBrowser } from '@mandate/desktop/native-session'
import type { ConnectionOptions, Work } from '../command-line.ts'
import { usageError } from '../exit.ts'
import { serverUrl } from '../inputs.ts'
import type { Io } from '../io.ts'
import { connect, pdpUrl } from '../pdp/client.ts'
import { signInWithDevice } from './device.ts'
import { issuerOf } from './issuer.ts'
import { type Profile, profileFile } from './profile.ts'
import { AUDIENCE, commandErrorOf } from './tokens.ts'
import { showIdentity } from './whoami.ts'

interface LoginOptions extends ConnectionOptions {
  readonly device?: true
  readonly browser: boolean
  readonly name?: string
  readonly client: string
  readonly scope?: readonly string[]
}

export const login: Work<LoginOptions> = async (io, { options }) => {
  const pdp = pdpUrl(io, options)
  const issuer = serverUrl(issuerOf(io, options), '--issuer')
  const file = profileFile(io, options.profile)
  const given = options.name === undefined ? undefined : nameOf(options.name)
  const identity = createIdentity({ issuer, clientId: options.client })
  const { pair, jwk } = await newKey(true)
  if (!jwk) throw new TypeError('the key is extractable')
  const signal = io.untilInterrupted?.()
  const scopes = [AUDIENCE, ...(options.scope ?? [])]
  const signedIn = await (options.device
    ? signInWithDevice(identity, { scopes, key: pair, show: (text) => io.err(text), signal })
    : signInWithBrowser(identity, { scopes, openBrowser: browserOf(io, options), signal }, pair)
  ).catch((error: unknown) => {
    throw commandErrorOf(error, issuer)
  })
  const { subject, refreshToken, idToken } = signedIn
  const session = { subject, refreshToken, idToken, key: jwk, signedInAt: Date.now() }
  const profile: Profile = { v: 1, pdp, issuer, clientId: options.client, ...session }
  await file.locked(async () => {
    const kept = file.read()
    if (kept) await endKept(kept)
    const name = given ?? (kept?.subject === subject && kept.issuer === issuer ? kept.name : undefined)
    file.write(name === undefined ? profile : { ...profile, name })
  })
  await showIdentity(io, options, await connect({ ...io, environment: withoutTokens(io) }, { profile: file.name, pdp }))
  return undefined
}

/** Longest name, in characters: that of a contact in the window. */
const MAX_NAME = 80

function nameOf(text: string): string {
  const name = text.trim()
  if (name === '' || name.length > MAX_NAME) throw usageError(`--name must have 1 to ${MAX_NAME} characters.`)
  return name
}

/** A sign-in that is replaced would otherwise live on at the identity provider. */
async function endKept(kept: Profile): Promise<void> {
  const configuration = await createIdentity(kept)
    .configuration()
    .catch(() => undefined)
  if (configuration) await endSession(configuration, kept, await keyOf(kept.key))
}

/** The session that was just made is shown, whatever token the environment has. */
const withoutTokens = ({ environment }: Io): Io['environment'] => ({ ...environment, MANDATE_TOKEN: undefined })

function browserOf(io: Io, { browser }: LoginOptions): (url: URL) => Promise<void> {
  return async (url) => {
    const open = browser ? io.openBrowser : undefined
    if (open) {
      io.err('Sign in in your browser. If it does not open, use this address:\n')
    } else if (io.environment['SSH_CONNECTION']) {
      io.err('Open this address in a browser on this machine; from elsewhere, sign in with --device:\n')
    } else io.err('Open this address in your browser:\n')
    io.err(`  ${url.href}\n`)
    // Without a browser the printed address is enough.
    await open?.(url).catch(() => undefined)
  }
}
