/**
 * Parses the app's settings and reports all mistakes at once, each by its member. No secrets.
 *
 * @module
 */
import { idSchema } from '@mandate/protocol'
import { z } from 'zod'
import { nameObjection } from '../shared/contact-name.ts'
import { contactSchema } from '../shared/views.ts'
import { issuerSchema, serverUrlSchema } from './address.ts'
import type { DesktopConfig } from './host.ts'

const RESERVED: ReadonlySet<string> = new Set(['pdp', 'trips', 'openid'])
const clientIdSchema = idSchema.regex(/^[\w-]+$/u, 'must be a client id: letters, digits, "_" or "-"')

const agentSchema = z.strictObject({
  id: clientIdSchema,
  title: z.string().trim().min(1).max(80),
  url: serverUrlSchema.optional(),
})

const personSchema = contactSchema.pick({ party: true, name: true }).strict()

const configSchema = z
  .strictObject({
    issuer: issuerSchema,
    clientId: z.string().min(1).max(256),
    services: z
      .object({ pdp: serverUrlSchema, trips: serverUrlSchema })
      .catchall(serverUrlSchema)
      .refine((services) => Object.keys(services).every((name) => clientIdSchema.safeParse(name).success), {
        error: 'must be named by client ids',
      }),
    types: z
      .record(z.string(), z.array(z.string().regex(/^[a-z][a-z0-9_-]{0,29}$/u, 'must be a resource type')))
      .optional(),
    agents: z
      .array(agentSchema)
      .default([])
      .refine((agents) => new Set(agents.map(({ id }) => id)).size === agents.length, 'must name each agent once')
      .refine((agents) => agents.every(({ id }) => !RESERVED.has(id)), 'must not take the name of a service'),
    people: z
      .array(personSchema)
      .default([])
      .refine(
        (people) => new Set(people.map(({ party }) => party)).size === people.length,
        'must name each person once',
      ),
    logKeys: z
      .array(z.string().regex(/^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+={0,2}$/u, 'must be a verifier key, name+hash+key'))
      .default([]),
    securityPolicy: z.url({ protocol: /^https$/, error: 'must be an https URL' }).optional(),
  })
  .check(({ value: { services, types = {} }, issues }) => {
    const all = Object.values(types).flat()
    const twice = all.find((type, index) => all.indexOf(type) !== index)
    const unknown = Object.keys(types).find((name) => !Object.hasOwn(services, name))
    const message = unknown ? `${unknown} is not under services` : twice && `${twice} has two services`
    if (message) issues.push({ code: 'custom', path: ['types'], message, input: types })
  })
  .check(({ value: { agents, people }, issues }) => {
    const taken = agents.map(({ title }) => title)
    for (const [index, { name }] of people.entries()) {
      const objection = nameObjection(name, taken)
      if (objection !== undefined)
        issues.push({
          code: 'custom',
          path: ['people', index, 'name'],
          message: `cannot be a name. ${objection}`,
          input: name,
        })
    }
  })

/** Parses the settings. @throws TypeError naming every wrong member. */
export function readConfig(json: unknown): DesktopConfig {
  const parsed = configSchema.safeParse(json)
  if (parsed.success) return parsed.data
  throw new TypeError(
    `The settings of the desktop app cannot be used:\n${parsed.error.issues.map(describeIssue).join('\n')}`,
  )
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const name = issue.path.join('.')
  if (issue.code === 'unrecognized_keys')
    return `  ${[name, issue.keys.join(', ')].filter(Boolean).join('.')}: not a setting; remove it`
  return `  ${name || 'the whole file'}: ${issue.message}`
}
