/**
 * Text from elsewhere, made safe for a terminal.
 *
 * @module
 */

/** A value as JSON on one line, in which those characters are escaped as JSON does: it parses to the same value. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value).replace(INVISIBLE, (character) => character.split('').map(unitOf).join(''))}\n`
}

/** `\\uXXXX` for each UTF-16 unit. */
const unitOf = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu

/** Escapes control, format and other invisible characters, which could move the cursor or reverse the direction of text. */
export function escapeControls(text: string): string {
  return text.replace(INVISIBLE, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
  })
}
