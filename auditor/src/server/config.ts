/**
 * The auditor's workplace: its configuration, environment variables parsed once and whole.
 *
 * @module
 */
import { fileURLToPath } from 'node:url'
import {
  clientTlsOf,
  type Environment,
  printableEnvironment,
  readEnvironment,
  securityFindings,
  setting,
  tlsOf,
} from '@mandate/pep/service'
import { identifierPath, SECOND_FACTORS, secondFactorSchema } from '@mandate/protocol'
import { z } from 'zod'

/** Where Vite puts the page. */
const PAGE_DIR = fileURLToPath(new URL('../../dist', import.meta.url))

/** The text of one verifier key after another, each on a line or behind a comma. */
const keys = z
  .string()
  .default('')
  .transform((text) => text.split(/[\s,]+/u).filter((key) => key !== ''))
  .refine((all) => all.every((key) => /^[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$/u.test(key)), {
    error: 'must be verifier keys, as in log.vkey',
  })

const scopeName = z.string().regex(/^\S+$/u, 'must be the name of a scope')

const settingsSchema = z
  .strictObject({
    AUDITOR_HOST: setting.host,
    AUDITOR_PORT: setting.port(4004),
    AUDITOR_PUBLIC_URL: setting.url.optional(),
    AUDITOR_ISSUER: setting.identifier,
    AUDITOR_IDENTITY_URL: setting.url.optional(),
    AUDITOR_CLIENT_ID: z.string().min(1).default('auditor'),
    AUDITOR_CLIENT_SECRET: setting.secret,
    AUDITOR_CONSOLE_CLIENT_ID: z.string().min(1).default('console'),
    AUDITOR_CONSOLE_CLIENT_SECRET: setting.secret.optional(),
    AUDITOR_CONSOLE_SCOPE: scopeName.default('pdp'),
    AUDITOR_PDP_URL: setting.urls,
    AUDITOR_SCOPE: scopeName.default('audit'),
    AUDITOR_SECOND_FACTOR: setting.list(SECOND_FACTORS).pipe(z.array(secondFactorSchema)),
    AUDITOR_STEP_UP_ACR: z.string().regex(/^\S+$/u, 'must be one acr value').default('2'),
    AUDITOR_PLAIN_HTTP_HOSTS: setting.list([]),
    AUDITOR_LOG_PINS: keys,
    AUDITOR_PAGE_DIR: z.string().min(1).default(PAGE_DIR),
    AUDITOR_TRUST_PROXY: z.string().min(1).optional(),
    AUDITOR_TLS_CERT: setting.pem,
    AUDITOR_TLS_KEY: setting.pem,
    AUDITOR_TLS_CA: setting.pem,
    AUDITOR_ADDRESS_PER_SECOND: setting.limit('addressPerSecond'),
    AUDITOR_CONCURRENT: setting.limit('concurrent'),
    LOG_LEVEL: setting.logLevel,
    NODE_ENV: setting.nodeEnv,
  })
  .superRefine((env, context) => {
    const objections = securityFindings({
      prefix: 'AUDITOR_',
      nodeEnv: env.NODE_ENV,
      host: env.AUDITOR_HOST,
      trustProxy: env.AUDITOR_TRUST_PROXY,
      secret: env.AUDITOR_CLIENT_SECRET,
      cert: env.AUDITOR_TLS_CERT,
      key: env.AUDITOR_TLS_KEY,
      calls: {
        AUDITOR_ISSUER: env.AUDITOR_ISSUER,
        AUDITOR_IDENTITY_URL: env.AUDITOR_IDENTITY_URL,
        AUDITOR_PDP_URL: env.AUDITOR_PDP_URL,
      },
      plainHttpHosts: env.AUDITOR_PLAIN_HTTP_HOSTS,
    })
    for (const message of objections) context.addIssue({ code: 'custom', message })
    if (env.AUDITOR_PORT === 0 && env.AUDITOR_PUBLIC_URL === undefined) {
      const message = 'must be given with AUDITOR_PORT=0: the identity provider sends people back to it'
      context.addIssue({ code: 'custom', path: ['AUDITOR_PUBLIC_URL'], message })
    }
    if (identifierPath(env.AUDITOR_PUBLIC_URL ?? '') !== '')
      context.addIssue({ code: 'custom', path: ['AUDITOR_PUBLIC_URL'], message: 'must have no path' })
    // Browsers keep a __Host- cookie only where nobody can read it on its way.
    if (env.AUDITOR_PUBLIC_URL && !isPrivateOnItsWay(env.AUDITOR_PUBLIC_URL)) {
      const path = ['AUDITOR_PUBLIC_URL']
      context.addIssue({ code: 'custom', path, message: 'must be https, except on 127.0.0.1 and localhost' })
    }
  })
  .transform((env) => ({
    host: env.AUDITOR_HOST,
    port: env.AUDITOR_PORT,
    publicUrl: env.AUDITOR_PUBLIC_URL,
    tls: tlsOf({ cert: env.AUDITOR_TLS_CERT, key: env.AUDITOR_TLS_KEY }),
    clientTls: clientTlsOf({ ca: env.AUDITOR_TLS_CA, cert: env.AUDITOR_TLS_CERT, key: env.AUDITOR_TLS_KEY }),
    issuer: env.AUDITOR_ISSUER,
    identityUrl: env.AUDITOR_IDENTITY_URL,
    clientId: env.AUDITOR_CLIENT_ID,
    clientSecret: env.AUDITOR_CLIENT_SECRET,
    /** Client of the console at `/console`; `undefined`: there is none. */
    console:
      env.AUDITOR_CONSOLE_CLIENT_SECRET === undefined
        ? undefined
        : {
            clientId: env.AUDITOR_CONSOLE_CLIENT_ID,
            clientSecret: env.AUDITOR_CONSOLE_CLIENT_SECRET,
            scope: env.AUDITOR_CONSOLE_SCOPE,
          },
    pdpUrls: env.AUDITOR_PDP_URL,
    scope: env.AUDITOR_SCOPE,
    secondFactor: env.AUDITOR_SECOND_FACTOR,
    stepUpAcr: env.AUDITOR_STEP_UP_ACR,
    logKeys: env.AUDITOR_LOG_PINS,
    pageDir: env.AUDITOR_PAGE_DIR,
    trustProxy: env.AUDITOR_TRUST_PROXY,
    addressPerSecond: env.AUDITOR_ADDRESS_PER_SECOND,
    concurrent: env.AUDITOR_CONCURRENT,
    logLevel: env.LOG_LEVEL,
  }))

/**
 * Configuration of the auditor's server, from `AUDITOR_…`, `LOG_LEVEL` and `NODE_ENV`; addresses without a slash at their end, durations
 * in milliseconds.
 */
export type AuditorConfig = z.output<typeof settingsSchema>

function isPrivateOnItsWay(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || /^(127(\.\d{1,3}){3}|localhost)$/u.test(hostname)
}

const RULES = { prefix: 'AUDITOR_', schema: settingsSchema }

/** @throws ConfigError naming every problem. */
export function readConfig(env: Environment): AuditorConfig {
  return readEnvironment(env, RULES)
}

/** The settings without their secrets, for `--print-config`. @throws ConfigError naming every problem. */
export function printableConfig(env: Environment): Readonly<Record<string, unknown>> {
  return printableEnvironment(env, RULES)
}
