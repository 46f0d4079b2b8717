/**
 * Loads the vault key: from the configuration (environment or file), from a command such as a KMS client, or, outside production, from a file
 * in the data directory.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseSecret, SECRET_BYTES } from '@mandate/protocol'
import { ConfigError } from '@mandate/service'
import type { Config } from '../config.ts'
import { VaultKeys } from './encryption.ts'

const run = promisify(execFile)
const COMMAND_TIMEOUT_MS = 15_000
const FILE = 'vault.key'

type KeyConfig = Pick<Config, 'PDP_DATA_DIR' | 'PDP_VAULT_KEY' | 'PDP_VAULT_KEY_COMMAND' | 'PDP_VAULT_OLD_KEYS'>

/** Loads the current key and the older ones. @throws ConfigError naming the setting without a valid key, and the remedy. */
export async function loadVaultKeys(config: KeyConfig): Promise<VaultKeys> {
  const older = config.PDP_VAULT_OLD_KEYS.map((text) => readKey('PDP_VAULT_OLD_KEYS', text))
  return new VaultKeys(await currentKey(config), older)
}

async function currentKey(config: KeyConfig): Promise<Uint8Array> {
  if (config.PDP_VAULT_KEY !== undefined) return readKey('PDP_VAULT_KEY', config.PDP_VAULT_KEY)
  if (config.PDP_VAULT_KEY_COMMAND.length > 0) return readKey('PDP_VAULT_KEY_COMMAND', await runKeyCommand(config))
  return keyInFile(join(config.PDP_DATA_DIR, FILE))
}

/** Parses a key: 32 bytes in base64, base64url or hexadecimal. @throws ConfigError naming `setting`, never the text. */
export function readKey(setting: string, text: string): Uint8Array<ArrayBuffer> {
  const key = parseSecret(text)
  if (key) return key
  throw new ConfigError([
    `${setting}: must be 32 bytes as 64 hexadecimal digits or base64; make one: openssl rand -hex 32`,
  ])
}

/** Runs the key command without a shell: the setting is the program and its arguments. @returns Its output. */
async function runKeyCommand({ PDP_VAULT_KEY_COMMAND: [program = '', ...args] }: KeyConfig): Promise<string> {
  try {
    const { stdout } = await run(program, args, { timeout: COMMAND_TIMEOUT_MS, maxBuffer: 4_096 })
    return stdout.trim()
  } catch {
    // Drops the cause: its output may contain the key.
    throw new ConfigError([`PDP_VAULT_KEY_COMMAND: ${program} failed, printed too much, or took longer than 15 s`])
  }
}

/** Reads the key file, and creates it if it is missing. Protects a copy of the database file, but not a copy of the whole data directory. */
function keyInFile(path: string): Uint8Array {
  try {
    writeFileSync(path, `${randomBytes(SECRET_BYTES).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  return readKey(path, readFileSync(path, 'utf8').trim())
}
