/**
 * Text of log entries, from their bytes.
 *
 * @module
 */

/** Decodes an entry's bytes as UTF-8. For short texts `Buffer.toString` takes half the time of `TextDecoder`. */
export function decodeText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
}

/** Finds the id (a ULID) in an entry's text, which may be damaged: best effort. */
export function findId(text: string): string | undefined {
  return /"id":"([0-7][0-9A-HJKMNP-TV-Z]{25})"/u.exec(text)?.[1]
}
