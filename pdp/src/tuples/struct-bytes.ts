/**
 * The size of JSON as a `google.protobuf.Struct`, which is how OpenFGA measures the context of a condition. Pure.
 *
 * @see {@link https://protobuf.dev/reference/protobuf/google.protobuf/#struct google.protobuf.Struct}
 * @module
 */

/** @returns Bytes of a JSON object. */
export function structBytes(object: object): number {
  return Object.entries(object).reduce((sum, [name, value]) => {
    const entry = field(Buffer.byteLength(name)) + field(valueBytes(value))
    return sum + field(entry)
  }, 0)
}

function valueBytes(value: unknown): number {
  if (typeof value === 'number') return 9
  if (typeof value === 'string') return field(Buffer.byteLength(value))
  if (Array.isArray(value)) return field(value.reduce((sum: number, one) => sum + field(valueBytes(one)), 0))
  if (typeof value === 'object' && value !== null) return field(structBytes(value))
  return 2
}

/** Size of a length-delimited field with its tag and length prefix. */
const field = (bytes: number): number => 1 + Math.max(1, Math.ceil((32 - Math.clz32(bytes)) / 7)) + bytes
