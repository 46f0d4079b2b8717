/**
 * Runs commands to completion: compilers, package managers, migrations.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { StartError } from './errors.ts'

/** Options for running a command. */
export interface CommandOptions {
  /** The whole environment. @default that of this process */
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly timeoutMs?: number
  /** Receives stdout and stderr as they come. */
  readonly onOutput?: (text: string) => void
  /** Ends the command early; it counts as failed. */
  readonly signal?: AbortSignal
  readonly uid?: number
  readonly gid?: number
}

/** Result of a command. `output`: stdout and stderr, interleaved. */
export interface CommandResult {
  readonly ok: boolean
  readonly stdout: string
  readonly output: string
}

/** Runs a command. Never throws: for a command that does not exist, `ok` is false and the output empty. */
export function tryCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const { timeoutMs, signal, onOutput, ...rest } = options
    // Not the `timeout` option of spawn: its timer keeps this process alive when the command does not exist.
    const ends = timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)]
    const child = spawn(command, [...args], {
      ...rest,
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: AbortSignal.any(signal ? [...ends, signal] : ends),
    })
    let stdout = ''
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      output += text
      onOutput?.(text)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text
      onOutput?.(text)
    })
    child.once('error', () => resolve({ ok: false, stdout: '', output: '' }))
    child.once('close', (code) => resolve({ ok: code === 0, stdout, output }))
  })
}

/**
 * Runs a command that must succeed.
 *
 * @returns Its standard output.
 * @throws {@link StartError} with the last lines of its output.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await tryCommand(command, args, options)
  if (result.ok) return result.stdout
  const tail = result.output.trimEnd().split('\n').slice(-20).join('\n').replaceAll(/^/gm, '  ')
  throw new StartError(`${command} ${args[0] ?? ''} failed:\n${tail}`)
}

/** Whether a program (on the PATH of `env`, or by path) can be run. */
export async function answers(command: string, flag: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  return (await tryCommand(command, [flag], { env, timeoutMs: 20_000 })).ok
}
