/**
 * Generated values for the fuzzer: texts, JSON, spoilt texts and bytes, spoilt tokens. All of it repeats with its seed.
 *
 * @module
 */
import type { Random } from '../new-enemy/random.ts'

const ODD_TEXTS = [
  '',
  ' ',
  '\u0000',
  '\u202e',
  '\ufeff',
  '\ud800',
  '🜁',
  'é',
  "'; DROP TABLE grants; --",
  '../../etc/passwd',
  '%00',
  '%E0%A4%A',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of another language, as text
  '${7*7}',
  '{{7*7}}',
  '__proto__',
  'constructor',
  'toString',
  'user:*',
  'all:travel',
  '<script>alert(1)</script>',
  'file:///etc/passwd',
  'http://169.254.169.254/',
  'a'.repeat(300),
  'a'.repeat(9_000),
  '9'.repeat(400),
  '2026-02-30T25:61:61Z',
  '+010000-01-01T00:00:00Z',
  '\r\nSet-Cookie: a=b',
] as const

const ODD_NUMBERS = [0, -0, -1, 1, 0.1, 1e308, -1e308, 5e-324, 2 ** 31, 2 ** 53, -(2 ** 53) - 1, 1_700_000_000]

/** @param words - Texts that mean something to the target, so that some requests pass the first checks. */
export function drawText(random: Random, words: readonly string[]): string {
  const kind = random.next()
  if (kind < 0.55 && words.length > 0) return random.pick(words)
  if (kind < 0.8) return random.pick(ODD_TEXTS)
  const length = random.integer(24)
  return Array.from({ length }, () => String.fromCodePoint(32 + random.integer(0x2_00))).join('')
}

/** Any JSON value, at most `depth` deep, but for a few that are very deep. */
export function drawJson(random: Random, words: readonly string[], depth = 4): unknown {
  const kind = random.next()
  if (kind < 0.4 || depth <= 0) return drawText(random, words)
  if (kind < 0.5) return random.pick(ODD_NUMBERS)
  if (kind < 0.56) return random.pick([true, false, null])
  if (kind < 0.57) return deep(random.integer(200))
  if (kind < 0.7) return Array.from({ length: random.integer(5) }, () => drawJson(random, words, depth - 1))
  return drawObject(random, words, depth - 1)
}

export function drawObject(random: Random, words: readonly string[], depth = 3): Readonly<Record<string, unknown>> {
  const entries = Array.from({ length: random.integer(6) }, () => [
    drawText(random, words),
    drawJson(random, words, depth),
  ])
  return Object.fromEntries(entries)
}

function deep(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

/** The value with one of its parts replaced, removed, added or doubled. */
export function spoilJson(random: Random, value: unknown, words: readonly string[]): unknown {
  if (Array.isArray(value)) {
    if (value.length === 0 || random.next() < 0.2) return [...value, drawJson(random, words, 2)]
    const at = random.integer(value.length)
    return value.map((one, index) => (index === at ? spoilJson(random, one, words) : one))
  }
  if (typeof value !== 'object' || value === null) return drawJson(random, words, 2)
  const names = Object.keys(value)
  const kind = random.next()
  if (names.length === 0 || kind < 0.15) return { ...value, [drawText(random, words)]: drawJson(random, words, 2) }
  const name = random.pick(names)
  const { [name]: held, ...rest } = value as Record<string, unknown>
  if (kind < 0.3) return rest
  return { ...rest, [name]: kind < 0.75 ? spoilJson(random, held, words) : drawJson(random, words, 2) }
}

/** The text with a few characters removed, doubled, replaced or moved. */
export function spoilText(random: Random, text: string, words: readonly string[] = []): string {
  let spoilt = text
  for (let left = 1 + random.integer(3); left > 0; left -= 1) {
    const at = random.integer(spoilt.length + 1)
    const length = random.next() < 0.7 ? 1 + random.integer(4) : random.integer(200)
    const cut = spoilt.slice(at, at + length)
    const put = random.pick([
      '',
      cut + cut,
      drawText(random, words),
      spoilt.slice(random.integer(spoilt.length + 1)).slice(0, length),
    ])
    spoilt = spoilt.slice(0, at) + put + spoilt.slice(at + length)
  }
  return spoilt
}

/** The bytes with a few of them changed, removed or doubled, or a wrong length where one may be. */
export function spoilBytes(random: Random, bytes: Uint8Array): Uint8Array {
  let spoilt = Uint8Array.from(bytes)
  for (let left = 1 + random.integer(4); left > 0; left -= 1) {
    const at = random.integer(spoilt.length + 1)
    const kind = random.next()
    if (kind < 0.6 && spoilt.length > 0) spoilt[at % spoilt.length] = random.integer(256)
    else if (kind < 0.8) spoilt = spoilt.slice(0, at)
    else
      spoilt = Uint8Array.from([
        ...spoilt.subarray(0, at),
        ...spoilt.subarray(random.integer(at + 1), at),
        ...spoilt.subarray(at),
      ])
  }
  return spoilt
}

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value) ?? '').toString('base64url')

/** A token like this one with a defect: another algorithm, header, claim, signature, or none of its form left. */
export function spoilToken(random: Random, token: string): string {
  const [head = '', body = '', signature = ''] = token.split('.')
  const json = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  const [header, claims] = [json(head), json(body)]
  const kind = random.integer(8)
  if (kind === 0)
    return `${base64url({ ...header, alg: random.pick(['none', 'None', 'HS256', 'RS512', '', 7]) })}.${body}.${signature}`
  if (kind === 1)
    return `${base64url({ ...header, kid: random.pick(['', '../key', 'x'.repeat(5_000), 7, null]) })}.${body}.${signature}`
  if (kind === 2)
    return `${base64url({ ...header, jku: 'http://127.0.0.1:1/', x5u: 'file:///etc/passwd', crit: ['x'] })}.${body}.${signature}`
  if (kind === 3) return `${head}.${base64url(spoilJson(random, claims, ['pdp', 'trips', 'operator']))}.${signature}`
  if (kind === 4) return `${head}.${body}.${spoilText(random, signature)}`
  if (kind === 5) return `${head}.${body}.`
  if (kind === 6) return `${head}.${body}`
  return spoilText(random, token)
}
