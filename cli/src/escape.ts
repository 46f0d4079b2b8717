/**
 * Text from elsewhere, made safe for a terminal.
 *
 * @module
 */
import { INVISIBLE } from '@mandate/service/escape-controls'

export { escapeControls } from '@mandate/service/escape-controls'

/** A value as JSON on one line, in which invisible characters are escaped as JSON does: it parses to the same value. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value).replace(INVISIBLE, (character) => character.split('').map(unitOf).join(''))}\n`
}

/** `\\uXXXX` for each UTF-16 unit. */
const unitOf = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
