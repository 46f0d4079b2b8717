/**
 * Addresses and files that options name.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { plainHttpObjection } from '@mandate/protocol'
import { unreadable } from '@mandate/service/path-objection'
import { CommandError, EXIT, usageError } from './exit.ts'

/** Validates a server's address: tokens are sent over https, or to this machine. @returns it unchanged: issuers are compared as they are written. */
export function serverUrl(text: string, option: string): string {
  const url = URL.parse(text)
  if (!url || !/^https?:$/u.test(url.protocol)) throw usageError(`${option} must be an http or https URL.`)
  if (url.username || url.password || url.search || url.hash) throw usageError(`${option} must be a plain URL.`)
  const objection = plainHttpObjection(text, [])
  if (objection !== undefined) throw usageError(`${option}: a token is sent over https only, except to this machine.`)
  return text
}

/** @throws CommandError (exit 66) when the file cannot be read. */
export async function readRequired(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new CommandError(EXIT.notFound, `${unreadable(path)}.`, { code: 'file', cause })
  }
}
