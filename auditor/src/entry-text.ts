/**
 * Entries as text.
 *
 * @module
 */

/** The text of an entry. A Buffer's own decoder takes half of TextDecoder's time for so short a text. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
}

/** The id in an entry, were it damaged: best effort. */
export function idIn(text: string): string | undefined {
  return /"id":"([0-7][0-9A-HJKMNP-TV-Z]{25})"/u.exec(text)?.[1]
}
