/**
 * Building blocks for the schemas of {@link readEnvironment}. No message of theirs holds a value.
 *
 * @module
 */
import { z } from 'zod'
import { secret } from './config.ts'

const httpUrl = z.url({ protocol: /^https?$/u, error: 'must be an http or https URL' })

/** A whole number in decimal digits: neither `1e3` nor `0x10`, nor a blank that would count as 0. */
function integer(min: number, max: number) {
  const isWithin = (text: string): boolean => /^\d{1,12}$/u.test(text) && Number(text) >= min && Number(text) <= max
  return z.string().refine(isWithin, `must be a whole number from ${min} to ${max}`).transform(Number)
}

/** Comma-separated; blanks around an item and empty items are ignored. */
const items = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
)

const baseUrl = httpUrl.transform((url) => url.replace(/\/+$/u, ''))

/** Zod schemas of single settings, each read from text. */
export const setting = {
  /** Address to listen on. @default 127.0.0.1 */
  host: z.string().min(1).default('127.0.0.1'),
  /** 0 takes a free one. */
  port: (byDefault: number) => integer(0, 65_535).default(byDefault),
  integer,
  /** A base URL that paths are added to: a slash at its end is dropped. */
  url: baseUrl,
  /** Comma-separated base URLs of servers that answer the same; at least one. */
  urls: items.pipe(z.array(baseUrl).min(1, 'must name at least one URL')),
  /** A URL that is called as it is written. */
  exactUrl: httpUrl,
  /** An issuer, or another URL that is compared byte for byte; it has no query and no fragment. */
  identifier: httpUrl.refine((url) => !/[?#]/u.test(url), 'must have no query or fragment'),
  /** May hold a password, so it is never printed. */
  postgresUrl: secret(z.url({ protocol: /^postgres(ql)?$/u, error: 'must be a postgres URL' })),
  secret: secret(z.string().min(8, 'must have at least 8 characters')),
  list: (byDefault: readonly string[]) => items.default([...byDefault]),
  /** PEM, most often from a file: `NAME_FILE`. Never printed: it may be a private key. */
  pem: secret(z.string().min(1)).optional(),
  /** How much is accepted at most. */
  limit: (byDefault: number) => integer(1, 1_000_000_000).default(byDefault),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  nodeEnv: z.enum(['production', 'development', 'test']).default('development'),
} as const
