/**
 * A record schema that is safe against `__proto__` members.
 *
 * @module
 */
import { z } from 'zod'

/** The path of a member named `__proto__`, at any depth; `undefined` when there is none. */
function protoIn(value: unknown, path: readonly string[] = []): readonly string[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  for (const [name, member] of Object.entries(value)) {
    const found = name === '__proto__' ? [...path, name] : protoIn(member, [...path, name])
    if (found) return found
  }
  return undefined
}

/**
 * `z.record` that rejects a member named `__proto__`, at any depth. zod drops such a member silently, so less would be stored than was sent. Other names
 * of `Object.prototype` are allowed.
 */
export function recordSchema<K extends z.core.$ZodRecordKey, V extends z.ZodType>(key: K, value: V) {
  const record = z.record(key, value)
  const checked = z.preprocess((sent, context) => {
    const path = protoIn(sent)
    if (path) context.addIssue({ code: 'custom', message: 'must not be named __proto__', path: [...path], input: sent })
    return sent
  }, record)
  // `z.preprocess` makes the input type `unknown`: restore the record's own.
  return checked as z.ZodType<z.output<typeof record>, z.input<typeof record>>
}
