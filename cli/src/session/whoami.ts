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
import { connect, type Pdp } from '../pdp/client.ts'
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
  const value = {
    party: partyOf(claims),
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
      through: claims.azp,
      roles: rolesText(claims),
      PDP: pdp.url,
      issuer: claims.iss,
      token: value.token_until && `valid until ${minuteText(value.token_until)}`,
    }),
    ...(personas.length === 0 ? [] : ['', ...table(['PERSONA', 'DOMAIN', 'STATUS', 'ID'], personas.map(personaRow))]),
  ])
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
