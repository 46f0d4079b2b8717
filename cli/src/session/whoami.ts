/**
 * `mandate whoami`: who the PDP sees when it is called with this sign-in or token.
 *
 * @module
 */
import { hasSecondFactor, personaSchema, SECOND_FACTORS } from '@mandate/protocol'
import { z } from 'zod'
import type { ConnectionOptions, Work } from '../command-line.ts'
import { CommandError } from '../exit.ts'
import type { Io } from '../io.ts'
import { fields, minuteText, print, table } from '../output.ts'
import { connect, type Pdp, type SignIn } from '../pdp/client.ts'
import { claimsOf } from './tokens.ts'

const claimsSchema = z.looseObject({
  iss: z.string().optional(),
  sub: z.string().optional(),
  azp: z.string().optional(),
  svc: z.string().optional(),
  roles: z.array(z.string()).default([]),
  amr: z.array(z.string()).default([]),
  acr: z.string().optional(),
  exp: z.number().optional(),
})
type Claims = z.infer<typeof claimsSchema>

export const whoami: Work<ConnectionOptions> = async (io, { options }) => {
  await showIdentity(io, options, await connect(io, options))
  return undefined
}

/** Prints identity, roles and personas. The PDP is asked, so an address or token that does not work is found out. */
export async function showIdentity(io: Io, options: ConnectionOptions, pdp: Pdp): Promise<void> {
  const claims = claimsSchema.catch({ roles: [], amr: [] }).parse(claimsOf((await pdp.token()) ?? ''))
  const isPerson = claims.sub !== undefined && claims.svc === undefined
  const { items: personas } = isPerson
    ? await pdp.call({ path: '/v1/personas' }, z.object({ items: z.array(personaSchema) })).catch(withoutPersonas)
    : { items: [] }
  if (!isPerson && claims.svc) await pdp.call({ path: '/v1/domains' }, z.looseObject({}))
  const { roles, amr } = claims
  const known = isPerson ? nameAndSignIn(claims, pdp.signIn) : undefined
  const value = {
    party: partyOf(claims),
    ...known,
    client: claims.azp,
    roles,
    amr,
    pdp: pdp.url,
    issuer: claims.iss,
    token_until: claims.exp === undefined ? undefined : new Date(claims.exp * 1_000).toISOString(),
    personas,
  }
  print(io, options, value, () => [
    ...fields({
      you: value.party ?? 'an API key, or a token that this command cannot read',
      name: known && nameText(known),
      'sign-in': known && signInText(known),
      through: claims.azp,
      roles: rolesText(claims),
      PDP: pdp.url,
      issuer: claims.iss,
      token: value.token_until && `valid until ${minuteText(value.token_until)}`,
    }),
    ...(personas.length === 0 ? [] : ['', ...table(['PERSONA', 'DOMAIN', 'STATUS', 'ID'], personas.map(personaRow))]),
  ])
}

interface NameAndSignIn {
  readonly name?: string | undefined
  /** How and when the person signed in; members that the tokens do not tell are absent. */
  readonly sign_in: {
    readonly profile?: string | undefined
    readonly since?: string | undefined
    readonly methods: readonly string[]
  }
}

const idClaimsSchema = z.looseObject({
  name: z.string().optional(),
  preferred_username: z.string().optional(),
})

/**
 * Name and sign-in, as far as they are known here: the person's own name for the account, as in the window, else one that the identity provider put into a
 * token by itself. The scope `profile` is not asked for: no service of ours needs a name.
 */
function nameAndSignIn(claims: Claims, signIn: SignIn | undefined): NameAndSignIn {
  const told = [claimsOf(signIn?.idToken ?? ''), claims].map((some) => idClaimsSchema.catch({}).parse(some))
  const names = told.flatMap(({ name, preferred_username }) => name || preferred_username || [])
  return {
    name: signIn?.name ?? names[0],
    sign_in: {
      profile: signIn?.profile,
      since: signIn?.since === undefined ? undefined : new Date(signIn.since).toISOString(),
      methods: claims.amr,
    },
  }
}

function nameText({ name, sign_in }: NameAndSignIn): string {
  if (name !== undefined) return name
  const unknown = 'not known: Mandate asks the identity provider for no names'
  const own = '; name yourself, on this machine only: mandate login --name NAME'
  return sign_in.profile === undefined ? unknown : unknown + own
}

const METHODS: Readonly<Record<string, string>> = { pwd: 'password', otp: 'one-time code', mfa: 'second factor' }

function signInText({ sign_in: { profile, since, methods } }: NameAndSignIn): string {
  const where = profile === undefined ? 'by a token, not kept here' : `profile ${profile}`
  const how = methods.map((method) => METHODS[method] ?? method).join(' and ')
  return [where, since && `since ${minuteText(since)}`, how && `with ${how}`].filter(Boolean).join(', ')
}

/** An agent that presents a person's token may not list personas; everything else is an error. */
function withoutPersonas(error: unknown): { items: [] } {
  if (error instanceof CommandError && error.code === 'in_person_only') return { items: [] }
  throw error
}

function partyOf({ sub, svc }: Claims): string | undefined {
  if (svc !== undefined) return `service or agent ${svc}`
  return sub === undefined ? undefined : `user:${sub}`
}

/** Roles count only after a sign-in with a second factor. */
function rolesText({ roles, amr, acr }: Claims): string | undefined {
  if (roles.length === 0) return undefined
  return hasSecondFactor({ amr, acr }, SECOND_FACTORS)
    ? roles.join(', ')
    : `${roles.join(', ')} (not usable: you signed in without a second factor)`
}

const personaRow = ({ title, circle, domain, status, id }: z.infer<typeof personaSchema>): readonly string[] => [
  `${title}/${circle}`,
  domain,
  status,
  id,
]
