/**
 * Reads `docker-compose.yml` for tests: interpolated with its defaults, merged, and typed as far as tests need.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { z } from 'zod'

/** Root of the repository, with a trailing slash. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const mount = z.object({ source: z.string(), target: z.string() })
const healthcheck = z.object({
  disable: z.boolean().optional(),
  test: z.array(z.string()).optional(),
  interval: z.string().optional(),
  timeout: z.string().optional(),
  retries: z.number().optional(),
})
const serviceSchema = z.object({
  image: z.string(),
  build: z.object({ dockerfile: z.string(), args: z.record(z.string(), z.string()).default({}) }).optional(),
  user: z.string(),
  command: z.array(z.string()).optional(),
  read_only: z.boolean().default(false),
  privileged: z.boolean().default(false),
  cap_add: z.array(z.string()).default([]),
  cap_drop: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  secrets: z
    .array(z.union([z.string().transform((source) => ({ source, target: `/run/secrets/${source}` })), mount]))
    .default([]),
  configs: z.array(mount).default([]),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  networks: z.union([z.array(z.string()), z.record(z.string(), z.unknown()).transform(Object.keys)]),
  network_mode: z.undefined().optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  healthcheck: healthcheck.optional(),
  restart: z.string().optional(),
  logging: z.object({ options: z.record(z.string(), z.string()) }).optional(),
  deploy: z
    .object({ resources: z.object({ limits: z.object({ cpus: z.string(), memory: z.string(), pids: z.number() }) }) })
    .optional(),
})
export type ComposeService = z.infer<typeof serviceSchema>

const composeSchema = z.object({
  services: z.record(z.string(), serviceSchema),
  networks: z.record(z.string(), z.object({ internal: z.boolean().default(false) })),
  volumes: z.record(z.string(), z.object({})),
  configs: z.record(z.string(), z.object({ file: z.string() })),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
})
export type ComposeFile = z.infer<typeof composeSchema>

/** Matches a variable that the file takes from `.env`, with its default. */
const VARIABLE = /(?<!\$)\$\{(?<name>[A-Z_]+)(?::-(?<fallback>[^}]*))?(?::\?[^}]*)?\}/gu

/** Reads the file with every variable at its default. @throws Error when a variable has none. */
export function readComposeFile(): ComposeFile {
  const text = read('docker-compose.yml').replaceAll(VARIABLE, (whole, _name, fallback: string | undefined) => {
    if (fallback === undefined) throw new Error(`${whole} has no default`)
    return fallback
  })
  return composeSchema.parse(parse(text, { merge: true }))
}

/** Lists the variables that a compose file takes from `.env`. */
export function variablesOf(path: string): ReadonlySet<string> {
  return new Set([...read(path).matchAll(VARIABLE)].map(({ groups }) => groups?.['name'] ?? ''))
}

/** Reads a file of the repository, by its path from the root. */
export function read(path: string): string {
  return readFileSync(`${ROOT}${path}`, 'utf8')
}
